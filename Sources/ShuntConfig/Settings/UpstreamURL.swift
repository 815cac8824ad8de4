import ShuntCore

/// Reads `ws://host[:port]/path[?query]`, or `wss://` with TLS (RFC 6455 §3).
struct UpstreamURL {
    var address: UpstreamAddress
    /// As it may be printed: without query, and as it is written where the environment has a part in it.
    var shown: String

    static let allowed = "a url such as ws://127.0.0.1:7101/api/ws/guide"

    /// nil when it is none, which is told.
    ///
    /// - Parameter placeholders: names that stay in braces, each for a whole segment of the path.
    static func read(
        _ node: DocumentNode, _ diagnostics: DiagnosticList, placeholders: [String] = []
    ) -> UpstreamURL? {
        guard let scalar = node.scalar, !scalar.isNull else {
            diagnostics.error(node, "found \(node.found)", allowed: allowed)
            return nil
        }
        if scalar.isBroken { return nil }
        func refuse(meant: String? = nil, _ advice: String? = nil) -> UpstreamURL? {
            diagnostics.error(
                node, "found \(Excerpt.quoted(redacted(scalar.shown)))", allowed: allowed,
                meant: scalar.isReference ? nil : meant, advice: advice)
            return nil
        }
        let text = scalar.text
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }) else {
            return refuse("blanks, quotes and characters beyond ASCII must be percent-encoded")
        }
        func hasBrace(_ text: some StringProtocol) -> Bool { text.contains("{") || text.contains("}") }
        if hasBrace(text), placeholders.isEmpty {
            return refuse("a {name} in braces must be one of the route's values")
        }
        guard let separator = text.firstRange(of: "://") else { return refuse(meant: "ws://\(redacted(text))") }
        let scheme = text[..<separator.lowerBound].lowercased()
        switch scheme {
        case "ws", "wss": break
        case "http", "https":
            return refuse(meant: redacted((scheme == "http" ? "ws" : "wss") + text[separator.lowerBound...]))
        default: return refuse()
        }
        var rest = text[separator.upperBound...]
        if rest.contains("#") { return refuse("a url of a WebSocket has no fragment (#…)") }
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<authorityEnd]
        rest = rest[authorityEnd...]
        if authority.contains("@") {
            return refuse("user and password in a url are not supported: use credential")
        }
        let queryStart = rest.firstIndex(of: "?")
        let path = String(rest[..<(queryStart ?? rest.endIndex)])
        let segments = path.split(separator: "/")
        if hasBrace(authority)
            || segments.contains(where: { hasBrace($0) && !Placeholders.isOne($0, among: placeholders) })
            || hasBrace(rest[(queryStart ?? rest.endIndex)...])
        {
            return refuse("each {name} must be a whole segment of the url's path")
        }
        guard let place = HostPort(authority), place.port != 0 else { return refuse("host or port is wrong") }
        let address = UpstreamAddress(
            tls: scheme == "wss", host: place.host, port: place.port ?? (scheme == "wss" ? 443 : 80),
            path: path.isEmpty ? "/" : path,
            query: queryStart.map { String(rest[rest.index(after: $0)...]) } ?? "")
        let shown = redacted(scalar.isReference ? scalar.shown : text)
        return UpstreamURL(address: address, shown: Excerpt.of(shown, longest: 200))
    }

    /// The url without user, password and query: each of them may be a secret.
    static func redacted(_ text: String) -> String {
        var result = ""
        var rest = Substring(text)
        // A default of a reference may hold a url, too.
        while let separator = rest.firstRange(of: "://") {
            result += rest[..<separator.upperBound]
            rest = rest[separator.upperBound...]
            let end = rest.firstIndex { "/?}".contains($0) } ?? rest.endIndex
            if let at = rest[..<end].lastIndex(of: "@") {
                result += "…"
                rest = rest[at...]
            }
        }
        result += rest
        guard let query = result.firstIndex(of: "?") else { return result }
        return result[...query] + "…"
    }
}
