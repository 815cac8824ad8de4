import CLinux
import Glibc

/// The address of one end of a socket.
package enum SocketAddress: Hashable, Sendable {
    /// IPv4; the address in host order.
    case v4(UInt32, port: UInt16)
    /// IPv6; the address in host order, its first half first. `scope` is the interface of a link-local one, else 0.
    case v6(UInt64, UInt64, port: UInt16, scope: UInt32)
    /// A Unix socket; the path is empty at an end that has none, as clients' ends have.
    case unix(path: String)

    /// An address that is written out: `127.0.0.1`, `::1`, `[::1]`, `fe80::1%2`. nil for anything else: a name is to be
    /// looked up.
    package init?(literal: String, port: UInt16) {
        let bare = literal.hasPrefix("[") && literal.hasSuffix("]") ? String(literal.dropFirst().dropLast()) : literal
        var v4 = in_addr()
        if unsafe inet_pton(AF_INET, bare, &v4) == 1 {
            self = .v4(UInt32(bigEndian: v4.s_addr), port: port)
            return
        }
        let parts = bare.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        var scope: UInt32 = 0
        if parts.count == 2 {
            let zone = String(parts[1])
            guard let number = UInt32(zone) ?? Self.interface(zone) else { return nil }
            scope = number
        }
        var v6 = in6_addr()
        guard let text = parts.first, unsafe inet_pton(AF_INET6, String(text), &v6) == 1 else { return nil }
        self.init(v6, port: port, scope: scope)
    }

    private static func interface(_ name: String) -> UInt32? {
        let index = unsafe if_nametoindex(name)
        return index == 0 ? nil : index
    }

    fileprivate init(_ address: in6_addr, port: UInt16, scope: UInt32) {
        let words = unsafe withUnsafeBytes(of: address) { bytes in
            unsafe (
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self = .v6(words.0, words.1, port: port, scope: scope)
    }

    /// The port; 0 of a Unix socket.
    package var port: UInt16 {
        switch self {
        case .v4(_, let port), .v6(_, _, let port, _): port
        case .unix: 0
        }
    }

    /// Whether it is a Unix socket's.
    package var isUnix: Bool { if case .unix = self { true } else { false } }

    /// The same address with another port.
    package func with(port: UInt16) -> SocketAddress {
        switch self {
        case .v4(let address, _): .v4(address, port: port)
        case .v6(let first, let second, _, let scope): .v6(first, second, port: port, scope: scope)
        case .unix: self
        }
    }

    /// The address without its port, as people write it (RFC 5952); empty of a Unix socket.
    package var host: String {
        switch self {
        case .v4(let address, _):
            return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
        case .v6(let first, let second, _, let scope):
            // An IPv4 client of a listener for both families is one of IPv4 to everybody who counts by address.
            if first == 0, second >> 32 == 0xFFFF {
                return SocketAddress.v4(UInt32(truncatingIfNeeded: second), port: 0).host
            }
            return Self.text(first, second) + (scope == 0 ? "" : "%\(scope)")
        case .unix:
            return ""
        }
    }

    private static func text(_ first: UInt64, _ second: UInt64) -> String {
        var address = in6_addr()
        unsafe withUnsafeMutableBytes(of: &address) { bytes in
            unsafe bytes.storeBytes(of: first.bigEndian, toByteOffset: 0, as: UInt64.self)
            unsafe bytes.storeBytes(of: second.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { room in
            guard let start = room.baseAddress,
                unsafe inet_ntop(AF_INET6, &address, start, socklen_t(room.count)) != nil
            else { return "" }
            return unsafe String(cString: start)
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// Address and port, or path, for people.
    package var description: String {
        switch self {
        case .v4: "\(host):\(port)"
        case .v6: "[\(host)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

// MARK: The system's own form

extension SocketAddress {
    /// - Parameter storage: what the system filled in, `length` bytes of it.
    init(_ storage: sockaddr_storage, length: socklen_t) {
        self = unsafe withUnsafeBytes(of: storage) { bytes in
            switch CInt(storage.ss_family) {
            case AF_INET:
                let found = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
                return .v4(UInt32(bigEndian: found.sin_addr.s_addr), port: UInt16(bigEndian: found.sin_port))
            case AF_INET6:
                let found = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
                return SocketAddress(
                    found.sin6_addr, port: UInt16(bigEndian: found.sin6_port), scope: found.sin6_scope_id)
            default:
                let start = MemoryLayout<sa_family_t>.size
                let end = min(max(Int(length), start), bytes.count)
                let path = unsafe bytes[start..<end].prefix { $0 != 0 }
                return unsafe .unix(path: String(decoding: path, as: UTF8.self))
            }
        }
    }

    /// The socket family: `AF_INET` and so on.
    var family: CInt {
        switch self {
        case .v4: AF_INET
        case .v6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// Lends the address as system calls want it. `ENAMETOOLONG` is answered in their place where a path does not fit.
    func withSystemAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var storage = sockaddr_storage()
        var length = 0
        unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            switch self {
            case .v4(let address, let port):
                var form = sockaddr_in()
                form.sin_family = sa_family_t(AF_INET)
                form.sin_port = port.bigEndian
                form.sin_addr.s_addr = address.bigEndian
                unsafe bytes.storeBytes(of: form, as: sockaddr_in.self)
                length = MemoryLayout<sockaddr_in>.size
            case .v6(let first, let second, let port, let scope):
                var form = sockaddr_in6()
                form.sin6_family = sa_family_t(AF_INET6)
                form.sin6_port = port.bigEndian
                form.sin6_scope_id = scope
                unsafe withUnsafeMutableBytes(of: &form.sin6_addr) { target in
                    unsafe target.storeBytes(of: first.bigEndian, toByteOffset: 0, as: UInt64.self)
                    unsafe target.storeBytes(of: second.bigEndian, toByteOffset: 8, as: UInt64.self)
                }
                unsafe bytes.storeBytes(of: form, as: sockaddr_in6.self)
                length = MemoryLayout<sockaddr_in6>.size
            case .unix(let path):
                let start = MemoryLayout<sa_family_t>.size
                // One byte is for the closing NUL.
                guard path.utf8.count < MemoryLayout<sockaddr_un>.size - start, !path.utf8.contains(0) else { return }
                unsafe bytes.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start...]).copyBytes(from: Array(path.utf8))
                length = MemoryLayout<sockaddr_un>.size
            }
        }
        guard length > 0 else { return -ENAMETOOLONG }
        return unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(length)) }
        }
    }
}
