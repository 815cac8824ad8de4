import ShuntCore
import Synchronization

/// How many clients are connected, in all and from each address. Locked, and touched only when one comes or goes, or a
/// connection that takes a client's place.
final class Admission: Sendable {
    enum Answer: Equatable {
        case admitted
        case full
        case tooManyFromAddress
    }

    private struct State {
        var count = 0
        var byAddress: [String: Int] = [:]
        var limits: Limits
    }

    private let state: Mutex<State>
    private let trusted: [AddressRange]

    init(limits: Limits, trusted: [AddressRange]) {
        state = Mutex(State(limits: limits))
        self.trusted = trusted
    }

    /// Other limits, for clients that come from now on.
    func adopt(_ limits: Limits) { state.withLock { $0.limits = limits } }

    /// Counts a client in, unless a limit is reached. Whoever is admitted must `leave` once.
    ///
    /// A trusted proxy stands for many people, and a Unix socket has no address: the limit by address is not for them.
    func enter(from address: String) -> Answer {
        let counted = counts(address)
        let address = ClientAddress.key(peer: address)
        return state.withLock { state in
            guard state.count < state.limits.connections else { return .full }
            if counted {
                let there = state.byAddress[address, default: 0]
                guard there < state.limits.connectionsPerAddress else { return .tooManyFromAddress }
                state.byAddress[address] = there + 1
            }
            state.count += 1
            return .admitted
        }
    }

    func leave(from address: String) {
        let counted = counts(address)
        let address = ClientAddress.key(peer: address)
        state.withLock { state in
            state.count = max(0, state.count - 1)
            guard counted, let there = state.byAddress[address] else { return }
            state.byAddress[address] = there > 1 ? there - 1 : nil
        }
    }

    /// Gives back what a burst needed.
    func shrink() { state.withLock { $0.byAddress.shrink() } }

    /// Counts a connection to an upstream in that takes a client's place, if there is one. Then it must `leavePlace` once.
    func takePlace() -> Bool {
        state.withLock { state in
            guard state.count < state.limits.connections else { return false }
            state.count += 1
            return true
        }
    }

    func leavePlace() { state.withLock { $0.count = max(0, $0.count - 1) } }

    /// Clients that are connected now, and connections that take a client's place.
    var count: Int { state.withLock { $0.count } }

    private func counts(_ address: String) -> Bool {
        !address.isEmpty && !trusted.contains { $0.contains(address) }
    }
}
