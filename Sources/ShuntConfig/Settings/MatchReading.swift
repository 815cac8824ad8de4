import ShuntCore

extension RouteReader {
    /// The values of `route_by` members, from the first one on without a gap.
    func readMatch(
        _ section: Section, _ instance: RouteTemplate.Instance, _ place: DocumentNode
    ) -> (values: [String], shown: [String])? {
        guard let node = section["match"] else {
            diagnostics.error(
                place, "the route has no match",
                advice: "say which messages are meant: match: {\(addressing.routeBy[0]): …}")
            return nil
        }
        guard let match = Section(node, diagnostics) else { return nil }
        var values: [String?] = []
        var isBroken = false
        for field in addressing.routeBy {
            guard let value = match[field] else {
                values.append(nil)
                continue
            }
            let text = diagnostics.read(value, .text("a value of \(field)"))
            values.append(text)
            guard let text else {
                isBroken = true
                continue
            }
            for name in Placeholders.names(in: text) {
                isBroken = true
                diagnostics.unknownPlaceholder(name, at: value, known: instance.values.keys.sorted())
            }
        }
        match.finish()
        if isBroken { return nil }
        let given = values.prefix { $0 != nil }.compactMap { $0 }
        if let skipped = values.firstIndex(where: { $0 == nil }), values.contains(where: { $0 != nil }),
            values[skipped...].contains(where: { $0 != nil })
        {
            diagnostics.error(
                node, "the match has no \(addressing.routeBy[skipped])",
                advice: "members decide in the order of route_by: \(addressing.routeBy.joined(separator: ", "))")
            return nil
        }
        if given.isEmpty {
            let unknownOnly = !(match.node.entries ?? []).isEmpty
            if !unknownOnly {
                diagnostics.error(node, "the match is empty", allowed: "{\(addressing.routeBy[0]): …}")
            }
            return nil
        }
        for name in instance.values.keys.sorted() where !usesPlaceholder(name, in: section.node["match"], instance) {
            diagnostics.error(
                node, "the match does not use {\(Excerpt.of(name))}",
                advice: "the template's routes would all mean the same messages")
            return nil
        }
        let shown = addressing.routeBy.prefix(given.count).map { field in
            Placeholders.fill(match[field]?.scalar?.shown ?? "", instance.values)
        }
        return (given, shown)
    }

    /// Whether a value of the match is made with the placeholder's value.
    private func usesPlaceholder(_ name: String, in match: DocumentNode?, _ instance: RouteTemplate.Instance) -> Bool {
        guard let value = instance.values[name] else { return true }
        return (match?.entries ?? []).contains { entry in
            guard let scalar = entry.value.scalar else { return false }
            return scalar.shown.contains("{\(name)}") || scalar.text.contains(value)
        }
    }
}
