extension ValueKind where Value == String {
    /// The path of an endpoint, as clients write it.
    ///
    /// - Parameter placeholders: names that may stand in it in braces, each for one whole segment.
    static func endpointPath(_ placeholders: [String] = []) -> ValueKind {
        ValueKind(allowed: "a path such as /api/ws/agent") { scalar in
            let text = scalar.text
            guard text.hasPrefix("/") else {
                return .wrong(meant: text.isEmpty || text.contains(":") ? nil : "/\(text)")
            }
            let segments = text.split(separator: "/", omittingEmptySubsequences: false)
            let literal = segments.filter { !Placeholders.isOne($0, among: placeholders) }
            guard placeholders.isEmpty || !literal.contains(where: { $0.contains("{") }) else {
                return .wrong(advice: "each {name} must be a whole segment of the path")
            }
            guard literal.joined().utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"?#{}\"".utf8.contains($0) }) else {
                return .wrong(advice: "blanks, braces, ?, # and characters beyond ASCII do not belong in it")
            }
            if ["/healthz", "/readyz", "/health", "/api/health"].contains(text) {
                return .wrong(advice: "Shunt answers health checks there")
            }
            return .value(text)
        }
    }
}
