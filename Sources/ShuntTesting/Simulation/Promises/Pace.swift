import ShuntCore

/// In no window of time are there more messages of a session than an upstream's pace allows.
struct Pace: Promise {
    private struct Key: Hashable {
        /// A session, or -1 - a client without one.
        let owner: Int
        let upstream: Int
    }

    /// When messages were sent that count.
    private var times: [Key: [Instant]] = [:]

    mutating func hear(_ event: Event, in world: World) {
        switch event {
        case .tableChanged:
            let listed = world.arrangement.listed
            for key in times.keys where !listed.contains(key.upstream) { times[key] = nil }
        case .came(let client):
            // It may be another session of the same token by now.
            guard let session = world.clients[client].session, world.sessions[session].isForgotten else { return }
            for key in times.keys where key.owner == session { times[key] = nil }
        default: break
        }
    }

    mutating func judge(_ deed: Deed, in world: World) {
        guard case .forward(let sent) = deed else { return }
        let upstream = world.connections[sent.connection].upstream
        let rates = world.arrangement.upstreams[upstream].pace
        guard !rates.isEmpty else { return }
        let message = world.messages[sent.message]
        let key = Key(owner: message.session ?? -1 - message.client, upstream: upstream)
        let before = times[key, default: []]
        for rate in rates where before.count >= rate.count {
            guard before[before.count - rate.count] + rate.per > world.now else { continue }
            world.fail(
                .pace,
                "m\(sent.message) is one too many for upstream \(upstream), which takes \(rate.count) in \(rate.per)")
        }
        times[key, default: []].append(world.now)
    }
}
