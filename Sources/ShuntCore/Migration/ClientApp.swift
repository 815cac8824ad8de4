/// What a client calls itself, for overrides and usage. Hostile text is cut, never trusted.
package struct ClientApp: Sendable, Hashable {
    /// Bytes of a name or version that are kept.
    package static let longest = 64

    /// Empty when the client does not say.
    package let name: String
    package let version: String

    package init(name: String, version: String) {
        self.name = Self.cleaned(name)
        self.version = Self.cleaned(version)
    }

    package init(_ handshake: Handshake, naming: ClientNaming) {
        let agent = Self.product(handshake.values(of: "user-agent").first ?? "")
        func first(_ sources: [ClientNaming.Source], _ ofAgent: String) -> String {
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
        self.init(name: first(naming.app, agent.name), version: first(naming.version, agent.version))
    }

    /// The first product of a `User-Agent` (RFC 9110 §10.1.5): `python-websockets/12.0 (…)` → name and version.
    private static func product(_ field: String) -> (name: String, version: String) {
        let word = field.split(whereSeparator: { $0 == " " || $0 == "\t" }).first ?? ""
        let parts = word.split(separator: "/", maxSplits: 1)
        return (String(parts.first ?? ""), parts.count > 1 ? String(parts[1]) : "")
    }

    /// Without control characters, and cut between characters.
    private static func cleaned(_ text: String) -> String {
        var result = ""
        var length = 0
        for scalar in text.unicodeScalars.prefix(longest) {
            let size = UTF8.width(scalar)
            if length + size > longest { break }
            guard scalar.value >= 0x20, scalar.value != 0x7F, !(0x80...0x9F).contains(scalar.value) else { continue }
            result.unicodeScalars.append(scalar)
            length += size
        }
        return result
    }
}
