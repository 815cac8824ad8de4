/// Who a client is, by its handshake.
package enum ClientIdentity: Sendable, Equatable {
    /// A session, known by its token.
    case session(token: ByteString)
    /// No token, or one that means nothing: a session of its own.
    case anonymous
    /// The token stands in two places that disagree, or twice in one (then both are the same): 400.
    case ambiguous(ValueSource, ValueSource)
    /// No token where one is required: 401.
    case missing
    /// A token with control characters in it, which no upstream's header could carry: 400.
    case malformed
}

/// Finds out who a client is.
package enum ClientAdmission {
    /// Reads the token from every source of the settings.
    ///
    /// A token is compared by its bytes, after decoding and without the white space around it. One of `absent` counts as none. The
    /// same place filled twice is ambiguous whatever it holds (backends disagree on which one counts: Starlette takes
    /// the last); two places that hold the same token are not.
    package static func identity(of handshake: Handshake, settings: SessionSettings) -> ClientIdentity {
        var found: ByteString?
        var place: ValueSource?
        let absent = Set(settings.absent.map { ByteString($0) })
        for source in settings.token {
            let values = source.values(in: handshake)
            if values.count > 1 { return .ambiguous(source, source) }
            guard let value = values.first else { continue }
            let token = FieldText.trimmed(value)
            if token.isEmpty || absent.contains(token) { continue }
            if FieldText.hasControls(token) { return .malformed }
            if let found, let place, found != token { return .ambiguous(place, source) }
            found = token
            if place == nil { place = source }
        }
        if let found { return .session(token: found) }
        return settings.anonymousAllowed ? .anonymous : .missing
    }
}
