/// The HTTP/1.1 request that opens an upstream connection, but for what every dial draws anew (`Sec-WebSocket-Key`)
/// and what is fixed (`Upgrade`, `Connection`, `Sec-WebSocket-Version`): the dialler adds those.
package struct UpstreamRequest: Sendable, Equatable {
    /// Path and query. It may hold the session token: never log it.
    package var target: String
    /// `Host` first.
    package var headers: [Handshake.Field]

    package init(target: String, headers: [Handshake.Field]) {
        self.target = target
        self.headers = headers
    }
}
