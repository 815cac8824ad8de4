import Glibc
import NIOCore
import NIOPosix

/// Asks the system for a host's addresses. It blocks: never on an event loop.
enum HostLookup {
    static func addresses(of host: String, port: Int) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var found: [SocketAddress] = []
        var next = first
        while let entry = next?.pointee {
            next = entry.ai_next
            guard let raw = UnsafeRawPointer(entry.ai_addr) else { continue }
            switch entry.ai_family {
            case AF_INET where Int(entry.ai_addrlen) >= MemoryLayout<sockaddr_in>.size:
                found.append(SocketAddress(raw.loadUnaligned(as: sockaddr_in.self)))
            case AF_INET6 where Int(entry.ai_addrlen) >= MemoryLayout<sockaddr_in6>.size:
                found.append(SocketAddress(raw.loadUnaligned(as: sockaddr_in6.self)))
            default:
                break
            }
        }
        return found
    }
}
