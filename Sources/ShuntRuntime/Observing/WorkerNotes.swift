import ShuntCore
import Synchronization

extension RoutingTable {
    /// The name of the upstream at that place, of which there may be none any more (-1).
    func nameOfUpstream(_ index: Int) -> String {
        upstreams.indices.contains(index) ? upstreams[index].settings.name : "removed"
    }
}

extension LoggedEvent {
    /// Which upstream it is about, by its place in the table in force.
    var upstream: Int {
        switch self {
        case .connectionRetired(let upstream, _), .dialFailed(let upstream, _, _), .breakerOpened(let upstream),
            .breakerClosed(let upstream), .unexpectedReply(let upstream), .upstreamClosed(let upstream, _, _),
            .unlistedType(let upstream, _):
            upstream
        }
    }
}

extension Worker {
    /// Other workers may have said the same just now: whoever reads the log wants each thing once.
    private func sayUnlisted(_ text: String, _ upstream: String) {
        let now = now()
        let isNews = process.saidUnlisted.withLock { said in
            said = said.filter { now - $0.value < .seconds(50) }
            return said.updateValue(now, forKey: upstream + "\u{0}" + text) == nil
        }
        if isNews { log.dropped(text, upstream: upstream) }
    }

    /// Never about a single message.
    func noted(_ note: LoggedEvent) {
        let table = switchboard.table
        if case .upstreamClosed(let upstream, let close, let isPassed) = note {
            // Only the log tells it: the words are the backend's.
            guard turn.effects.closes.indices.contains(close) else { return }
            return log.upstreamClosed(
                upstream, turn.effects.closes[close], isPassed: isPassed, now: now(), table: table)
        }
        if case .unlistedType(let upstream, let place) = note, turn.effects.texts.indices.contains(place) {
            sayUnlisted(turn.effects.texts[place], table.nameOfUpstream(upstream))
        }
        log.note(note, now: now(), table: table, problem: dialProblem)
        process.onNote?(ProxyLogEvent(note: note, upstream: table.nameOfUpstream(note.upstream), worker: index))
    }
}
