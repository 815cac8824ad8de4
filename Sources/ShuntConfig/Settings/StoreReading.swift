import ShuntCore

extension StoreSettings {
    /// Reads `store:`, but for what is the ledger's.
    mutating func read(_ section: Section, _ usage: inout UsageSettings) {
        if let node = section["url"] {
            if let text = node.scalar?.text, text.hasPrefix("postgres") {
                // Such a url may hold a password: it is not shown.
                section.diagnostics.error(
                    node, "PostgreSQL is not supported yet", allowed: "sqlite:shunt.db or memory:")
            } else if let read = section.diagnostics.read(node, .storePlace) {
                place = read
            }
        }
        usage.readStore(section)
        section.finish()
    }
}

extension ValueKind where Value == StoreSettings.Place {
    /// `sqlite:shunt.db`, `memory:`.
    fileprivate static var storePlace: ValueKind {
        ValueKind(allowed: "sqlite:shunt.db (a file) or memory:") { scalar in
            let text = scalar.text
            if text == "memory:" { return .value(.memory) }
            if text == "memory" { return .wrong(meant: "memory:") }
            if text.hasPrefix("sqlite:") {
                var path = text.dropFirst(7)
                // sqlite:///var/lib/shunt.db is another way to write it.
                if path.hasPrefix("//") { path = path.dropFirst(2) }
                guard !path.isEmpty, !path.utf8.contains(0) else { return .wrong(advice: "the file has no name") }
                if path == ":memory:" { return .wrong(meant: "memory:") }
                return .value(.sqlite(path: String(path)))
            }
            if text.hasSuffix(".db") || text.hasSuffix(".sqlite"), !text.contains(":") {
                return .wrong(meant: "sqlite:\(text)")
            }
            return .wrong()
        }
    }
}
