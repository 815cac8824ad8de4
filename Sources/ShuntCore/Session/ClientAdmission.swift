/// Who a client is, by its handshake.
package enum ClientIdentity: Sendable, Equatable {
    /// A session, known by its token.
    case session(token: String)
    /// No token, or one that means nothing: a session of its own.
    case anonymous
    /// The token is given twice or in two sources that disagree: 400.
    case ambiguous
    /// No token where one is required: 401.
    case missing
}
