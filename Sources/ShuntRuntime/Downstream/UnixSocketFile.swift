import Glibc

/// The file of a listening Unix socket: made where nobody listens, and removed by whoever made it only.
package struct UnixSocketFile: Sendable {
    /// Why there can be no socket at a path. For people.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        init(_ description: String) { self.description = description }

        init(code: CInt) {
            switch code {
            case EADDRINUSE: self.init("the address is in use")
            case EACCES, EPERM: self.init("not permitted")
            case ENOENT, ENOTDIR: self.init("the directory does not exist")
            default: self.init(String(cString: strerror(code)))
            }
        }
    }

    package let path: String
    private let device: dev_t
    private let inode: ino_t

    /// The file that is there now; nil where there is none.
    package init?(at path: String) {
        var found = stat()
        guard lstat(path, &found) == 0 else { return nil }
        self.path = path
        device = found.st_dev
        inode = found.st_ino
    }

    /// Removes the file, unless somebody else's has taken its place.
    package func remove() {
        guard let now = UnixSocketFile(at: path), now.device == device, now.inode == inode else { return }
        unlink(path)
    }

    /// Makes room at a path: the socket of a process that has ended goes, one that somebody listens on is left alone.
    ///
    /// - Parameter replacing: takes the place of whoever listens there, who keeps the clients that have connected.
    package static func clear(_ path: String, replacing: Bool) throws(Failure) {
        var found = stat()
        guard lstat(path, &found) == 0 else { return }
        guard found.st_mode & S_IFMT == S_IFSOCK else { throw Failure("there is a file that is no socket") }
        if !replacing, let code = inUse(path) { throw Failure(code: code) }
        guard unlink(path) == 0 || errno == ENOENT else { throw Failure(code: errno) }
    }

    /// Makes a socket at a path and listens on it.
    ///
    /// - Returns: its descriptor, which is the caller's to close.
    static func listen(
        at path: String, replacing: Bool
    ) throws(Failure) -> (descriptor: CInt, file: UnixSocketFile) {
        try clear(path, replacing: replacing)
        let descriptor = try socket()
        let code = withAddress(of: path) { address, length in
            bind(descriptor, address, length) == 0 && Glibc.listen(descriptor, longestQueue) == 0 ? 0 : errno
        }
        guard code == 0, let file = UnixSocketFile(at: path) else {
            close(descriptor)
            throw Failure(code: code == 0 ? ENOENT : code)
        }
        return (descriptor, file)
    }

    /// Why the socket at the path is not to be taken: somebody listens on it, or that cannot be found out.
    private static func inUse(_ path: String) -> CInt? {
        guard let descriptor = try? socket() else { return EMFILE }
        defer { close(descriptor) }
        let code = withAddress(of: path) { connect(descriptor, $0, $1) == 0 ? 0 : errno }
        switch code {
        case ECONNREFUSED, ENOENT: return nil
        // Its queue is full, or it is a socket of another type.
        case 0, EAGAIN, EINPROGRESS, EPROTOTYPE: return EADDRINUSE
        default: return code
        }
    }

    private static func socket() throws(Failure) -> CInt {
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = Glibc.socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        return descriptor
    }

    private static func withAddress(of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        // One byte is for the closing NUL.
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return ENAMETOOLONG }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// As many waiting connections as the system allows: it takes `net.core.somaxconn` where that is less.
let longestQueue: CInt = .max
