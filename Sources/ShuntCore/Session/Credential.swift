/// A session's token as its sockets show it to Shunt, and Shunt shows it to upstreams. Another one may take its place
/// while the session lives: dials show the newest. Its text shows nothing of it.
package struct Credential: Hashable, Sendable, Secret {
    package let token: ByteString

    package init(_ token: ByteString) { self.token = token }
}

/// An admitted client's session, the credential that it came with, and what is known of that.
package struct ClientIdentity: Sendable, Equatable {
    package let key: SessionKey
    package let credential: Credential
    /// nil where nobody validated the credential.
    package let known: ValidatedClaims?

    /// A credential that was validated, with what it stands for.
    package init(_ credential: Credential, _ known: ValidatedClaims) {
        let claims = known.claims
        key = claims.session.map { SessionKey(session: $0, of: claims) } ?? SessionKey(token: credential.token)
        self.credential = credential
        self.known = known
    }

    /// A token that nobody validated.
    package init(_ credential: Credential) {
        (key, self.credential, known) = (SessionKey(token: credential.token), credential, nil)
    }

    /// A token that nobody validated.
    package init(token: ByteString) { self.init(Credential(token)) }

    package var claims: Claims { known?.claims ?? .none }

    /// The user that rollouts and brownouts sort into a bucket: by the claim; without one the session is it.
    package var user: ByteString {
        guard let claims = known?.claims else { return credential.token }
        return claims.user?.text ?? claims.session?.text ?? credential.token
    }
}
