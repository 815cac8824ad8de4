import Glibc

/// What the system said no with.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `errno`.
    package let code: CInt

    package init(code: CInt) { self.code = code }

    /// The system's words for it.
    package var description: String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    /// Whether descriptors, ports or memory are short: this process's trouble, not the peer's.
    package var isShortage: Bool { [EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EADDRINUSE].contains(code) }

    /// Whether nothing came of the other host for too long.
    package var isTimeout: Bool { code == ETIMEDOUT }

    /// Whether the same call may go through in a moment, and nothing is wrong.
    var isTransient: Bool { code == EAGAIN || code == EINTR || code == EWOULDBLOCK }
}
