import Foundation
import Logging

/// What the process asks of the system before it serves.
enum ProcessLimits {
    /// Raises the limit of open files as far as it may go, and keeps a peer's reset from ending the process.
    static func prepare(logger: Logger) {
        signal(SIGPIPE, SIG_IGN)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 {
            logger.warning("the limit of open files could not be raised", metadata: ["errno": "\(errno)"])
        }
    }
}
