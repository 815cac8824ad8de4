import CLinux
import Glibc

/// A thread of the system's own.
package enum SystemThread {
    /// Runs `body` on a thread that nobody waits for. Every signal that a thread does not cause itself is kept from it:
    /// whoever handles signals does that elsewhere.
    ///
    /// - Parameter name: what the system's tools show, at most 15 bytes of it.
    /// - Throws: where the system has no room for another thread.
    package static func start(named name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let start = unsafe Unmanaged.passRetained(ThreadStart(name: name, body: body))
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        defer { unsafe pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        // A thread inherits what its maker lets through.
        var before = sigset_t()
        var kept = asynchronousSignals
        unsafe pthread_sigmask(SIG_BLOCK, &kept, &before)
        let code = unsafe pthread_create(&thread, &attributes, threadMain, start.toOpaque())
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            unsafe start.release()
            throw SystemError(code: code)
        }
    }

    private static var asynchronousSignals: sigset_t {
        var set = sigset_t()
        unsafe sigfillset(&set)
        for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT] { unsafe sigdelset(&set, signal) }
        return set
    }
}

/// What a thread is started with, until it has it.
private final class ThreadStart {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func threadMain(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let pointer = unsafe pointer else { return nil }
    let start = unsafe Unmanaged<ThreadStart>.fromOpaque(pointer).takeRetainedValue()
    unsafe start.name.withCString { unsafe shunt_name_thread($0) }
    start.body()
    return nil
}
