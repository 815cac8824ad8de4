/// A session's token as its sockets show it to Shunt, and Shunt shows it to upstreams. Another one may take its place
/// while the session lives: dials show the newest. Its text shows nothing of it.
package struct Credential: Hashable, Sendable, Secret {
    package let token: ByteString

    package init(_ token: ByteString) { self.token = token }
}

/// An admitted client's session, the credential that it came with, and what is known of that.
package struct ClientIdentity: Hashable, Sendable {
    package let key: SessionKey
    package let credential: Credential
    /// Nothing where nobody validated the credential.
    package let claims: Claims
    /// When the credential has had its time, by the clock of the workers: later changes of the wall clock move nothing.
    package let goodUntil: Instant

    /// A credential that was validated, with the claims that it stands for.
    package init(_ credential: Credential, _ claims: Claims, until goodUntil: Instant = .distantFuture) {
        self.goodUntil = goodUntil
        key = claims.session.map { SessionKey(session: $0, of: claims) } ?? SessionKey(token: credential.token)
        self.credential = credential
        self.claims = claims
    }

    /// The identity of a token that nobody validated.
    package init(token: ByteString) { self.init(Credential(token), .none) }

    /// The user that rollouts and brownouts sort into a bucket: by the claim; without one the session is it.
    package var user: ByteString { claims.user?.text ?? claims.session?.text ?? credential.token }
}
