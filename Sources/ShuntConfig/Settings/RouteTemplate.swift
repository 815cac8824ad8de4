import ShuntCore

/// An entry of `routes:`: one route, or one for each combination of a template's values.
struct RouteTemplate {
    let entry: DocumentEntry
    let diagnostics: DiagnosticList

    /// More routes than this are a mistake in a template.
    static let mostRoutes = 100_000

    /// A route of the template: its name and its settings, placeholders filled in.
    struct Instance {
        var name: String
        var body: DocumentNode
        var values: [String: String]
    }

    /// The routes, at most `room` of them; empty when the template is wrong, which is told.
    func instances(room: Int) -> [Instance] {
        guard Self.isName(entry.key) else {
            diagnostics.error(
                place(entry.value), "found \(Excerpt.quoted(entry.key))",
                allowed: "a name without blanks, such as guide or liaison/{pillar}")
            return []
        }
        let values = entry.value["values"]
        let only = entry.value["only"]
        let body = body
        let names = Placeholders.names(in: entry.key)
        if names.isEmpty {
            for node in [values, only].compactMap({ $0 }) {
                diagnostics.error(node, "the route's name has no placeholder", advice: "name it like liaison/{pillar}")
            }
            return [Instance(name: entry.key, body: body, values: [:])]
        }
        guard let lists = readValues(values, names: names) else { return [] }
        var total = 1
        for list in lists {
            let (product, overflow) = total.multipliedReportingOverflow(by: list.count)
            guard !overflow, product <= room else {
                diagnostics.error(
                    place(entry.value), "the templates make more than \(Self.mostRoutes) routes",
                    advice: "give the values a smaller range, or route by fewer members")
                return []
            }
            total = product
        }
        let overrides = readOnly(only, lists: lists)
        return combinations(lists).map { combination in
            let filling = Dictionary(zip(names, combination)) { first, _ in first }
            let over = overrides[combination.joined(separator: "/")]
            let merged = over.map { body.merged(with: $0) } ?? body
            return Instance(
                name: Placeholders.fill(entry.key, filling), body: merged.mapText { Placeholders.fill($0, filling) },
                values: filling)
        }
    }

    /// What all routes of the template have in common, placeholders as they stand.
    var body: DocumentNode {
        var body = entry.value
        if case .mapping(let entries) = body.content {
            body.content = .mapping(entries.filter { $0.key != "values" && $0.key != "only" })
        }
        return body
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256 && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    /// The node, shown where the route's name stands.
    private func place(_ node: DocumentNode) -> DocumentNode {
        var node = node
        node.position = entry.position
        return node
    }

    /// The values of each placeholder, in the order of the name.
    private func readValues(_ node: DocumentNode?, names: [String]) -> [[String]]? {
        if Set(names).count != names.count || names.contains("") {
            diagnostics.error(place(entry.value), "every placeholder needs a name of its own")
            return nil
        }
        guard let node, let section = Section(node, diagnostics) else {
            if node == nil {
                diagnostics.error(
                    place(entry.value), "the template has no values",
                    advice: "add values: {\(Excerpt.of(names[0])): [...]}")
            }
            return nil
        }
        var lists: [[String]] = []
        for name in names {
            guard let list = section[name] else {
                diagnostics.error(node, "the placeholder {\(Excerpt.of(name))} has no values")
                continue
            }
            guard let values = diagnostics.readList(list, .literal(.text()), count: 1...RouteTemplate.mostRoutes) else {
                continue
            }
            if let repeated = Dictionary(grouping: values, by: { $0 }).first(where: { $0.value.count > 1 }) {
                tell(repeated.value, in: list)
                continue
            }
            lists.append(values)
        }
        section.finish()
        return lists.count == names.count ? lists : nil
    }

    /// Values that would name one route.
    private func tell(_ values: [String], in list: DocumentNode) {
        let name = Excerpt.quoted(values[0])
        if Set(values.map { Array($0.utf8) }).count < values.count {
            diagnostics.error(list, "\(name) stands there twice")
        } else {
            diagnostics.error(
                list, "two spellings of \(name) differ by Unicode normalisation only, and would name one route",
                advice: "write routes of their own for them, with names that differ and these values in match")
        }
    }

    /// What differs for single routes, by their values joined with `/`.
    private func readOnly(_ node: DocumentNode?, lists: [[String]]) -> [String: DocumentNode] {
        guard let node, let section = Section(node, diagnostics) else { return [:] }
        var result: [String: DocumentNode] = [:]
        let known = Set(combinations(lists).map { $0.joined(separator: "/") })
        lazy var sorted = known.sorted()
        for override in section.node.entries ?? [] {
            if known.contains(override.key) {
                result[override.key] = override.value
            } else if !diagnostics.isFull {
                var value = override.value
                value.position = override.position
                diagnostics.error(
                    value, "\(Excerpt.quoted(override.key)) is not among the values",
                    allowed: known.count <= 20 ? Excerpt.choices(sorted) : nil,
                    meant: NearestWord.to(override.key, among: sorted))
            }
        }
        return result
    }

    private func combinations(_ lists: [[String]]) -> [[String]] {
        lists.reduce([[]]) { front, list in front.flatMap { values in list.map { values + [$0] } } }
    }
}
