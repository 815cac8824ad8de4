import ShuntCore

extension ClientNaming {
    /// Reads `client:`.
    mutating func read(_ section: Section) {
        section.setList(&app, "app", .clientSource, count: 0...16)
        section.setList(&version, "version", .clientSource, count: 0...16)
        section.finish()
    }

    /// What a client is called stands in the ledger, in metrics and on the dashboard: a session's token must not.
    /// - Parameters:
    ///   - section: `client`, where it is written.
    ///   - session: `session`, whose `token` can name what tells a client by default.
    func check(_ section: Section?, _ session: Section?, _ tokens: [ValueSource]) {
        for (key, sources) in [("app", app), ("version", version)] {
            guard sources.contains(where: { $0.isAmong(tokens) }) else { continue }
            if let section, let node = section[key] {
                section.diagnostics.error(
                    node, "one of these is where clients carry their session's token",
                    advice: "it would be written to the usage ledger: name something else")
            } else if let session, let node = session["token"] {
                session.diagnostics.error(
                    node, "one of these tells a client's \(key) by default",
                    advice: "it would be written to the usage ledger: say under client.\(key) what tells it instead")
            }
        }
    }
}

extension ClientNaming.Source {
    fileprivate func isAmong(_ tokens: [ValueSource]) -> Bool {
        if case .value(let source) = self {
            tokens.contains(source) || source == .header("authorization")
        } else {
            false
        }
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
