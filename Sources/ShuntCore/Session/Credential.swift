/// A session's token as its sockets show it to Shunt, and Shunt shows it to upstreams. Another one may take its place
/// while the session lives: dials show the newest. Its text shows nothing of it.
package struct Credential: Hashable, Sendable, Secret {
    package let token: ByteString

    package init(_ token: ByteString) { self.token = token }
}

/// An admitted client's session, and the credential that it came with.
package struct ClientIdentity: Hashable, Sendable {
    package let key: SessionKey
    package let credential: Credential

    package init(key: SessionKey, credential: Credential) {
        self.key = key
        self.credential = credential
    }

    /// The identity of a token that nobody validated.
    package init(token: ByteString) {
        self.init(key: SessionKey(token: token), credential: Credential(token))
    }
}
