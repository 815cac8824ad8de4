import Foundation
import Logging

/// What the process asks of the system before it serves.
enum ProcessLimits {
    /// Raises the limit of open files as far as it may go, and keeps a peer's reset from ending the process.
    static func prepare(logger: Logger) {
        signal(SIGPIPE, SIG_IGN)
        if let code = raiseOpenFiles() {
            logger.warning("the limit of open files could not be raised", metadata: ["errno": "\(code)"])
        }
    }

    /// Raises the limit of open files as far as it may go.
    ///
    /// - Returns: `errno` where the system does not let it.
    @discardableResult
    static func raiseOpenFiles() -> CInt? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        limit.rlim_cur = limit.rlim_max
        return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? nil : errno
    }
}
