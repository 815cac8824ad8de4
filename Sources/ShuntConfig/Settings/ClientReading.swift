import ShuntCore

extension ClientNaming {
    /// Reads `client:`.
    mutating func read(_ section: Section) {
        section.setList(&app, "app", .clientSource, count: 0...16)
        section.setList(&version, "version", .clientSource, count: 0...16)
        section.finish()
    }
}

extension ValueKind where Value == ClientNaming.Source {
    fileprivate static var clientSource: ValueKind {
        let source = ValueKind<ValueSource>.source
        return ValueKind(allowed: "query:name, header:name, cookie:name or user_agent") { scalar in
            if scalar.text == "user_agent" { return .value(.userAgent) }
            switch source.parse(scalar) {
            case .value(let source): return .value(.value(source))
            case .wrong(let meant, let advice):
                let isAgent = NearestWord.to(scalar.text, among: ["user_agent"])
                return .wrong(meant: isAgent ?? meant, advice: advice)
            }
        }
    }
}
