import Glibc
import Synchronization

/// A TCP socket as the system gives it, for peers that share no code with the proxy. Every wait is bounded.
final class BlockingSocket: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
        var code: CInt = 0
    }

    let descriptor: CInt
    /// Locked, because a descriptor's number is somebody else's as soon as it is closed.
    private let isClosed = Mutex(false)
    private var unread: [UInt8] = []
    /// How many bytes of `unread` are read after all.
    private var consumed = 0

    init(descriptor: CInt, timeout seconds: Int = 60) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var on: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit { close() }

    static func connect(port: Int, receiveBuffer: CInt? = nil) throws -> BlockingSocket {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(description: "socket: \(errno)") }
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        let result = withLoopback(port: port) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 else {
            Glibc.close(descriptor)
            throw Failure(description: "connect: \(errno)")
        }
        return BlockingSocket(descriptor: descriptor)
    }

    static func connect(ipv6Port port: Int) throws -> BlockingSocket {
        let socket = BlockingSocket(descriptor: socket(AF_INET6, CInt(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin6_addr = in6addr_loopback
        try socket.connect(&address)
        return socket
    }

    static func connect(path: String) throws -> BlockingSocket {
        let socket = BlockingSocket(descriptor: socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        try socket.connect(&address)
        return socket
    }

    private func connect<Address>(_ address: inout Address) throws {
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard result == 0 else { throw Failure(description: "connect: \(errno)") }
    }

    /// Listens on a port of the system's choice.
    static func listen(
        port: Int = 0, receiveBuffer: CInt? = nil, backlog: CInt = 128
    ) throws -> (socket: BlockingSocket, port: Int) {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var on: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        guard withLoopback(port: port, { bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, backlog) == 0 else {
            Glibc.close(descriptor)
            throw Failure(description: "listen: \(errno)")
        }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return (BlockingSocket(descriptor: descriptor, timeout: 60), Int(UInt16(bigEndian: address.sin_port)))
    }

    func accept() -> BlockingSocket? {
        let accepted = Self.uninterrupted { Int(Glibc.accept(descriptor, nil, nil)) }.result
        return accepted >= 0 ? BlockingSocket(descriptor: CInt(accepted)) : nil
    }

    /// A system call that is made again where a signal ended it, with its `errno`.
    private static func uninterrupted(_ call: () -> Int) -> (result: Int, code: CInt) {
        while true {
            let result = call()
            let code = errno
            if result >= 0 || code != EINTR { return (result, code) }
        }
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let (count, code) = Self.uninterrupted {
                bytes.withUnsafeBytes { raw in
                    Glibc.send(descriptor, raw.baseAddress.map { $0 + sent }, bytes.count - sent, CInt(MSG_NOSIGNAL))
                }
            }
            guard count > 0 else { throw Failure(description: "send: \(code)", code: code) }
            sent += count
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Exactly that many bytes.
    func read(_ count: Int) throws -> [UInt8] {
        while unread.count < count {
            guard try fill() else {
                throw Failure(description: "end of stream after \(unread.count) of \(count) bytes")
            }
        }
        let bytes = Array(unread[..<count])
        unread.removeFirst(count)
        return bytes
    }

    /// Everything up to and with the first empty line.
    func readHead() throws -> String {
        let end = Array("\r\n\r\n".utf8)
        while true {
            for start in unread.indices.dropFirst(consumed) where unread[start...].starts(with: end) {
                return String(decoding: try read(start - consumed + end.count), as: UTF8.self)
            }
            guard try fill() else { throw Failure(description: "end of stream in the head: \(unread.count) bytes") }
        }
    }

    /// Everything up to the end of the stream; a reset counts as the end.
    func readToEnd() throws -> [UInt8] {
        do { while try fill() {} } catch let failure as Failure where failure.code == ECONNRESET {}
        defer { (unread, consumed) = ([], 0) }
        return Array(unread[consumed...])
    }

    /// Whether the peer ended the stream (or reset it) without another byte.
    func isAtEnd() -> Bool {
        guard unread.count == consumed else { return false }
        do { return try !fill() } catch { return (error as? Failure)?.code == ECONNRESET }
    }

    /// Until this side is shut down or the peer's end arrives, without reading; at most a minute.
    func waitForHangup() {
        var wanted = pollfd(fd: descriptor, events: Int16(0x2000 /* POLLRDHUP */), revents: 0)
        _ = poll(&wanted, 1, 60_000)
    }

    private func fill() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let (count, code) = Self.uninterrupted { recv(descriptor, &chunk, chunk.count, 0) }
        guard count >= 0 else { throw Failure(description: "recv: \(code)", code: code) }
        unread += chunk[..<count]
        return count > 0
    }

    func shutdown() {
        isClosed.withLock { isClosed in
            if !isClosed { _ = Glibc.shutdown(descriptor, CInt(SHUT_RDWR)) }
        }
    }

    func close() {
        isClosed.withLock { isClosed in
            if !isClosed { Glibc.close(descriptor) }
            isClosed = true
        }
    }

    /// Ends with a reset instead of an orderly end.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        close()
    }

    private static func withLoopback<Result>(
        port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
