import Dispatch

/// Holds up threads of peers until a test opens it. Never to be waited at on the test's own task.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    /// Lets one through.
    func open() { semaphore.signal() }

    /// Returns when it was opened, or after a minute.
    func wait() { _ = semaphore.wait(timeout: .now() + 60) }
}
