/// The credential in a client's handshake, or why there is none to go by.
package enum CredentialReading: Sendable, Equatable {
    case found(Credential)
    /// No token, or one that means nothing: a session of its own.
    case anonymous
    /// The token stands in two places that disagree, or twice in one (then both are the same): 400.
    case ambiguous(ValueSource, ValueSource)
    /// No token where one is required: 401.
    case missing
    /// A token with control characters in it, which no upstream's header could carry: 400.
    case malformed
    /// A subprotocol that holds no token although it looks like one that does: 400.
    case unreadable

    /// Reads the token from every source of the settings.
    ///
    /// A token is compared by its bytes, after decoding and without the white space around it. One of `absent` counts as none. The
    /// same place filled twice is ambiguous whatever it holds (backends disagree on which one counts: Starlette takes
    /// the last); two places that hold the same token are not.
    package init(of handshake: Handshake, settings: SessionSettings) {
        var found: ByteString?
        var place: ValueSource?
        for source in settings.token {
            let values = source.values(in: handshake)
            if values.count > 1 {
                self = .ambiguous(source, source)
                return
            }
            guard let value = values.first else { continue }
            if source == .subprotocol, value.isEmpty {
                self = .unreadable
                return
            }
            let token = FieldText.trimmed(value)
            if token.isEmpty || settings.absent.contains(where: token.isText) { continue }
            if FieldText.hasControls(token) {
                self = .malformed
                return
            }
            if let found, let place, found != token {
                self = .ambiguous(place, source)
                return
            }
            found = token
            if place == nil { place = source }
        }
        if let found {
            self = .found(Credential(found))
        } else {
            self = settings.anonymousAllowed ? .anonymous : .missing
        }
    }
}
