/// What was agreed on in a handshake.
package struct TLSFacts: Sendable, Hashable {
    /// As OpenSSL writes it, such as `TLSv1.3`.
    package let version: String
    package let cipher: String
    /// Whether it went on with an earlier connection's session.
    package let isResumed: Bool
    /// Whom the client asked for.
    package let serverName: String?
    /// `http/1.1`, or nil where nothing was said about it.
    package let applicationProtocol: String?
}
