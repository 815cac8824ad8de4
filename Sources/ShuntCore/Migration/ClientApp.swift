/// The name and version that a client gives itself, for overrides and usage. Hostile text is cut, never trusted.
package struct ClientApp: Sendable, Hashable {
    /// Bytes of a name or version that are kept.
    package static let longest = 64

    /// Empty when the client does not say.
    package let name: ByteString
    package let version: ByteString

    package init(name: ByteString, version: ByteString) {
        self.name = Self.cleaned(name)
        self.version = Self.cleaned(version)
    }

    /// - Parameter claims: what a validated credential says of the app goes before what the client says itself.
    package init(_ handshake: Handshake, naming: ClientNaming, claims: ValidatedClaims? = nil) {
        let agent = Self.product(handshake.headers.first(.userAgent) ?? [])
        func first(_ sources: [ClientNaming.Source], _ ofAgent: ByteString) -> ByteString {
            for source in sources {
                let value =
                    switch source {
                    case .value(let source): source.values(in: handshake).first ?? ""
                    case .userAgent: ofAgent
                    }
                if !value.isEmpty { return value }
            }
            return ""
        }
        self.init(
            name: claims?.claims.clientApp?.text ?? first(naming.app, agent.name),
            version: first(naming.version, agent.version))
    }

    /// The first product of a `User-Agent` (RFC 9110 §10.1.5): `python-websockets/12.0 (…)` → name and version.
    private static func product(_ field: ArraySlice<UInt8>) -> (name: ByteString, version: ByteString) {
        let word = field.prefix { !FieldText.isWhitespace($0) }
        let slash = word.firstIndex(of: 0x2F) ?? word.endIndex
        return (ByteString(word[..<slash]), ByteString(word[slash...].dropFirst()))
    }

    /// Without control characters, and cut between characters where it is text.
    private static func cleaned(_ value: ByteString) -> ByteString {
        if value.count <= longest, value.bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return value }
        guard let text = value.text else {
            return ByteString(value.bytes.filter { $0 >= 0x20 && $0 != 0x7F }.prefix(longest))
        }
        var result: [UInt8] = []
        for scalar in text.unicodeScalars.prefix(longest) {
            if result.count + UTF8.width(scalar) > longest { break }
            if !ByteString.isControl(scalar) { result += UTF8.encode(scalar).map { Array($0) } ?? [] }
        }
        return ByteString(result)
    }
}
