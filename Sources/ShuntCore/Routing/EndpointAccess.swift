/// How an endpoint treats credentials.
package struct EndpointAccess: Sendable, Hashable {
    /// Whether credentials are validated, where the sessions' settings have it so. Elsewhere the token is the session.
    package var isValidated = true
    /// The code of the close frame that a client without a good credential gets behind a 101, for frontends that
    /// understand nothing else, and that any client gets whose credential has expired; nil answers the handshake with
    /// 401 or 403, and closes with 1008.
    package var refusalCode: CloseCode?
    package init() {}

    /// How a socket closes whose credential has expired.
    package var expiryCode: CloseCode { refusalCode ?? .policyViolation }
}
