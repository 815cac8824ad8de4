import Synchronization

/// Lets the control plane stop the group of services that it is made before.
final class StopSwitch: Sendable {
    private struct State {
        var action: (@Sendable () async -> Void)?
        var isThrown = false
    }
    private let state = Mutex(State())

    /// What stopping means. Done at once where the switch was thrown before.
    func arm(_ action: @escaping @Sendable () async -> Void) {
        let isThrown = state.withLock { state in
            state.action = action
            return state.isThrown
        }
        if isThrown { Task { await action() } }
    }

    func throwIt() {
        let action = state.withLock { state in
            state.isThrown = true
            return state.action
        }
        if let action { Task { await action() } }
    }
}
