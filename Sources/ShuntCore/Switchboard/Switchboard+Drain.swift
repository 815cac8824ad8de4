/// A graceful stop under way.
struct Drain: Sendable {
    let settings: DrainSettings
    let deadline: Instant
    /// Sockets leave spread over this time.
    let spread: TimeSpan

    /// When a client may be closed, if its exchanges are over.
    func leavingTime(now: Instant, random: inout RandomSource) -> Instant { now + random.span(upTo: spread) }
}
extension Switchboard {
    /// Begins to stop.
    mutating func beginDrain(_ settings: DrainSettings, _ turn: inout Turn) {
        guard draining == nil else { return }
        wheel.start(at: turn.now)
        // A handful of sockets need no ten seconds: a hundred may leave each second.
        let needed = TimeSpan.milliseconds(10).times(Int64(clients.count))
        let drain = Drain(
            settings: settings, deadline: turn.now + settings.exchanges, spread: min(settings.spread, needed))
        draining = drain
        var armed = Instant.distantFuture
        wheel.arm(.drain, at: drain.deadline, armed: &armed)
        for id in clients.ids {
            if clients[id]?.isArriving == true {
                close(id, .serviceRestart, .draining, &turn)
            } else {
                leave(id, .draining, at: drain.leavingTime(now: turn.now, random: &random))
            }
        }
        for id in sessions.ids where sessions[id]?.clients.isEmpty == true { agenda.add(.endIfUnused(id)) }
    }

    /// Time is up: what has no outcome gets one.
    mutating func endDrain(_ turn: inout Turn) {
        guard let drain = draining else { return }
        if turn.now < drain.deadline {
            var armed = Instant.distantFuture
            return wheel.arm(.drain, at: drain.deadline, armed: &armed)
        }
        for id in exchanges.ids {
            switch exchanges[id]?.state {
            case .queued: conclude(id, .failed(.draining), &turn)
            // An old client's own connection ends with it: it hears that.
            case .sent where exchanges[id]?.isPassed == true: conclude(id, .dropped, &turn)
            case .sent: conclude(id, .failed(.draining), &turn)
            case .abandoned, nil: break
            }
        }
        for id in links.ids {
            if let client = links[id]?.passage.client { leaveIfOver(client, &turn) } else { retire(id, .drain, &turn) }
        }
    }
}
