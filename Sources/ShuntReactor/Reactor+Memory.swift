import ShuntCore

/// What the sockets themselves take.
extension Reactor {
    /// Has a socket speak TLS from here on, or no more.
    func setTLS(_ id: SocketID, _ tls: SecuredSocket?) {
        count(id, by: -1)
        sockets[id]?.tls = tls
        count(id, by: 1)
    }

    /// A socket has come with what it has, or is about to go.
    func count(_ id: SocketID, by change: Int) {
        if sockets[id]?.tls != nil { securedCount += change }
    }

    /// Bytes that the sockets themselves take, with nothing under way. The system's part is not in it.
    package var socketBytes: Int { sockets.count &* Self.bytesOfSocket &+ securedCount &* Self.bytesOfTLS }

    /// Measured with many idle ones: what a socket needs here and at its owner's, and what OpenSSL holds for one.
    private static let bytesOfSocket = 1600
    private static let bytesOfTLS = 14 << 10
}
