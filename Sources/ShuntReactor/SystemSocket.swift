import CLinux
import Glibc
import ShuntCore

/// The system's calls for sockets that are made seldom: with each connection, or less. Counts below 0 are `errno`.
package enum SystemSocket {
    /// What a listening socket is made with.
    package struct ListenOptions: Sendable {
        /// Other processes, and other sockets of this one, may listen on the same port; the system deals connections out.
        package var reusesPort: Bool

        package init(reusesPort: Bool = false) { self.reusesPort = reusesPort }
    }

    /// Makes a listening socket on TCP, whose queue is as long as the system allows.
    ///
    /// - Returns: its descriptor, which is the caller's to close.
    package static func listen(on address: SocketAddress, _ options: ListenOptions) throws(SystemError) -> CInt {
        let descriptor = open(address.family)
        guard descriptor >= 0 else { throw SystemError(code: -descriptor) }
        set(descriptor, SOL_SOCKET, SO_REUSEADDR)
        // On Linux the connections that are accepted have them from here.
        prepare(descriptor)
        if options.reusesPort { set(descriptor, SOL_SOCKET, SO_REUSEPORT) }
        let said = unsafe address.withSystemAddress { pointer, length in
            unsafe bind(descriptor, pointer, length) == 0 && Glibc.listen(descriptor, .max) == 0 ? 0 : -errno
        }
        guard said >= 0 else {
            close(descriptor)
            throw SystemError(code: -said)
        }
        return descriptor
    }

    /// The address that a socket has on this side, with the port that the system chose.
    package static func localAddress(of descriptor: CInt) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let said = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        return said == 0 ? SocketAddress(storage, length: length) : nil
    }

    private static func open(_ family: CInt) -> CInt {
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, type, 0)
        return descriptor >= 0 ? descriptor : -errno
    }

    /// Small messages go at once, and a peer that vanished is found out by the system in the end.
    private static func prepare(_ descriptor: CInt) {
        set(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY)
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE)
    }

    @discardableResult
    private static func set(_ descriptor: CInt, _ level: CInt, _ option: CInt) -> CInt {
        var on: CInt = 1
        return unsafe setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<CInt>.size))
    }

    /// `IP_BIND_ADDRESS_NO_PORT` of linux/in.h: the port is chosen when the other end is known. Without it the system
    /// reserves a port for all destinations, not for this one only.
    private static let bindAddressNoPort: CInt = 24

    /// Begins a connection.
    ///
    /// - Parameter source: the local address to dial from; nil where the system chooses.
    /// - Returns: its descriptor; what came of it is said by `error(of:)` once it can be written to.
    static func connect(to address: SocketAddress, from source: SocketAddress?) -> CInt {
        let descriptor = open(address.family)
        guard descriptor >= 0 else { return descriptor }
        if address.family != AF_UNIX { prepare(descriptor) }
        var said: CInt = 0
        if let source {
            set(descriptor, CInt(IPPROTO_IP), bindAddressNoPort)
            said = unsafe source.withSystemAddress { unsafe bind(descriptor, $0, $1) == 0 ? 0 : -errno }
        }
        if said == 0 {
            said = unsafe address.withSystemAddress { pointer, length in
                unsafe Glibc.connect(descriptor, pointer, length) == 0 || errno == EINPROGRESS ? 0 : -errno
            }
        }
        guard said == 0 else {
            close(descriptor)
            return said
        }
        return descriptor
    }

    static func error(of descriptor: CInt) -> CInt {
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
    }

    static func unread(_ descriptor: CInt) -> Int {
        var count: CInt = 0
        return unsafe ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    /// Asks what TCP hears of the other end; nil where it cannot say, as of a Unix socket, whose end the system tells by
    /// itself.
    static func transportState(_ descriptor: CInt) -> TransportState? {
        var info = tcp_info()
        var size = socklen_t(MemoryLayout<tcp_info>.size)
        guard unsafe getsockopt(descriptor, CInt(IPPROTO_TCP), TCP_INFO, &info, &size) == 0 else { return nil }
        // A peer whose window is full answers probes, one of which may be lost or unanswered for a while (Linux limits
        // how often it answers); and what was sent a moment ago is on its way.
        let isUnacknowledged = info.tcpi_unacked > 0 && info.tcpi_retransmits > 1 || info.tcpi_probes > 1
        return TransportState(
            silence: .milliseconds(Int64(min(info.tcpi_last_data_recv, info.tcpi_last_ack_recv))),
            isUnacknowledged: isUnacknowledged)
    }
}
