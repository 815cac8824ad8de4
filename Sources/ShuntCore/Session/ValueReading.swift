extension ValueSource {
    /// The configuration's spelling.
    package var text: String {
        switch self {
        case .query(let name): "query:" + name
        case .header(let name): "header:" + name
        case .cookie(let name): "cookie:" + name
        case .subprotocol: "protocol"
        }
    }

    /// The values that a handshake carries in this place, in order: query parameters form-decoded, cookies without their
    /// quotes, fields trimmed. Of `Authorization` only bearer tokens and single words count: other schemes (`Basic …`)
    /// are for somebody else.
    package func values(in handshake: Handshake) -> [ByteString] {
        switch self {
        case .query(let name):
            return QueryString.values(of: name, in: handshake.query)
        case .cookie(let name):
            return CookiePairs(handshake.headers.values(.cookie).map { ByteString($0) }).values(of: name)
        case .header(let name):
            let values = handshake.values(of: name).map { FieldText.trimmed($0) }
            return isAuthorization(name) ? values.compactMap(bearerToken) : values
        case .subprotocol:
            return handshake.offeredTokens.map { ByteString(Base64URL.decoded($0) ?? []) }
        }
    }
}

func isAuthorization(_ name: String) -> Bool { asciiEqualIgnoringCase(name, "authorization") }

/// The token of an `Authorization` value (RFC 6750 §2.1), also when a client left the scheme out.
private func bearerToken(_ value: ByteString) -> ByteString? {
    guard let space = value.bytes.firstIndex(where: FieldText.isWhitespace) else {
        return asciiEqualIgnoringCase(value, "bearer") ? "" : value
    }
    guard asciiEqualIgnoringCase(ByteString(value.bytes[..<space]), "bearer") else { return nil }
    return ByteString(FieldText.trimmed(value.bytes[space...]))
}
