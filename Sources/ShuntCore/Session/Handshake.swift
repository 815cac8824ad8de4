/// A client's words when it connected, as far as an upstream may be told or a session be found by it. Kept as long as
/// a socket or a session may have to dial with it. It holds the session token: never log it.
package final class Handshake: Sendable {
    /// The raw path of the request target, as received.
    package let path: ByteString
    /// The raw query, without `?`; empty when there is none.
    package let query: ByteString
    /// All header fields in order, names as received.
    package let headers: HeaderFields
    /// The peer's address without port, and the port.
    package let remoteHost: String
    package let remotePort: Int
    /// Whether the client's own leg (or the trusted proxy's in front of it) is encrypted.
    package let secure: Bool
    /// Whether the peer is a trusted proxy, whose `X-Forwarded-*` fields are believed.
    package let trusted: Bool
    /// What the trusted proxies in front say of the client's own address, as a key; nil where nobody is asked.
    let forwardedAddress: ByteString?

    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: ByteString
        package init(name: String, value: ByteString) {
            self.name = name
            self.value = value
        }

        package init(name: String, value: String) { self.init(name: name, value: ByteString(value)) }
    }

    package init(
        path: ByteString, query: ByteString, headers: HeaderFields, remoteHost: String = "", remotePort: Int = 0,
        secure: Bool = false, trusted: Bool = false, farAddress: ByteString? = nil
    ) {
        self.path = path
        self.query = query
        self.headers = HeaderFields(compacting: headers)
        self.remoteHost = remoteHost
        self.remotePort = remotePort
        self.secure = secure
        self.trusted = trusted
        forwardedAddress = farAddress
    }

    /// The values of all fields of that name, compared without case.
    package func values(of name: String) -> [ByteString] {
        headers.values(of: name)
    }
}

extension [Handshake.Field] {
    /// The values of all fields of that name, compared without case.
    package func values(of name: String) -> [ByteString] {
        filter { asciiEqualIgnoringCase($0.name, name) }.map(\.value)
    }
}

/// Whether two strings are equal but for the case of ASCII letters (RFC 9110 §5.1: field names).
package func asciiEqualIgnoringCase(_ left: String, _ right: String) -> Bool {
    let left = left.utf8
    let right = right.utf8
    guard left.count == right.count else { return false }
    return zip(left, right).allSatisfy { asciiLowercased($0) == asciiLowercased($1) }
}

package func asciiEqualIgnoringCase(_ left: ByteString, _ right: String) -> Bool {
    let right = right.utf8
    guard left.count == right.count else { return false }
    return zip(left.bytes, right).allSatisfy { asciiLowercased($0) == asciiLowercased($1) }
}

@inline(__always)
package func asciiLowercased(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
}
