/// A client that asks to be let in: everything of its request, checked. Who it is, is not known yet.
package struct Candidate: Sendable {
    /// The value of `Sec-WebSocket-Accept`.
    package let acceptKey: ByteString
    /// The client's words, as far as upstreams are told of them.
    package let handshake: Handshake
    /// The credential to be validated; nil for a client without one, where such may connect.
    package let credential: Credential?
    /// The legacy endpoint that it asks for; nil for the unified one.
    package let endpoint: Endpoint?

    /// The same refusal in the form that this client understands.
    func refusal(_ refusal: HandshakeVerdict.Refusal, _ access: EndpointAccess) -> HandshakeVerdict.Refusal {
        refusal.closing(access, acceptKey: acceptKey, handshake)
    }
}
