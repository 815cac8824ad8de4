import CLinux
import Glibc

/// Names of hosts.
package enum HostNames {
    /// Asks the system for a host's addresses, an address that is written out included. It blocks: never on a reactor's
    /// thread.
    ///
    /// - Returns: empty where there are none.
    package static func addresses(of host: String, port: UInt16) -> [SocketAddress] {
        if let address = SocketAddress(literal: host, port: port) { return [address] }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var first: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, "\(port)", &hints, &first) == 0 else { return [] }
        defer { unsafe freeaddrinfo(first) }
        var found: [SocketAddress] = []
        var next = unsafe first
        while let entry = unsafe next?.pointee {
            unsafe next = entry.ai_next
            var storage = sockaddr_storage()
            let length = unsafe min(Int(entry.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
            guard let address = unsafe entry.ai_addr, unsafe entry.ai_family == AF_INET || entry.ai_family == AF_INET6
            else {
                continue
            }
            unsafe withUnsafeMutableBytes(of: &storage) { target in
                unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: address, count: length))
            }
            found.append(SocketAddress(storage, length: socklen_t(length)))
        }
        return found
    }
}

extension SocketAddress {
    /// Whether the address is this machine's own, whatever its network is: 127.0.0.0/8, ::1, a Unix socket.
    package var isLoopback: Bool {
        switch self {
        case .v4(let address, _): address >> 24 == 127
        case .v6(let first, let second, _, _): first == 0 && (second == 1 || second >> 24 == 0xFFFF_7F)
        case .unix: true
        }
    }
}
