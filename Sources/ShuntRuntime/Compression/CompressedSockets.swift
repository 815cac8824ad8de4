import ShuntCore
import Synchronization

/// How many sockets of the process have compression, and what memory they keep for it. Locked, and touched only when one of
/// them comes or goes.
final class CompressedSockets: Sendable {
    fileprivate struct State {
        var clients = 0
        var upstreams = 0
        var memory = 0
        /// The most that may be kept for it.
        var mostMemory: Int
    }

    private let state: Mutex<State>

    /// - Parameter memory: `limits.memory`, of which a quarter may be kept.
    init(memory: Int) { state = Mutex(State(mostMemory: memory / 4)) }

    /// Counts a socket in, where there is room. Whoever is counted in must `leave` once.
    func enter(_ place: CompressionPlace, most: Int) -> Bool {
        state.withLock { state in
            let count = place.isUpstream ? state.upstreams : state.clients
            guard count < most, state.memory + place.memory <= state.mostMemory else { return false }
            state.add(place, 1)
            return true
        }
    }

    func leave(_ place: CompressionPlace) { state.withLock { $0.add(place, -1) } }
}

extension CompressedSockets.State {
    fileprivate mutating func add(_ place: CompressionPlace, _ count: Int) {
        if place.isUpstream { upstreams += count } else { clients += count }
        memory += count * place.memory
    }
}

/// What a socket with compression is counted in by.
struct CompressionPlace: Equatable {
    var isUpstream: Bool
    /// Bytes that it keeps from message to message.
    var memory: Int
}
