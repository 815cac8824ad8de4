import ShuntCore

/// That every path means one endpoint: the unified one's, the legacy ones', the aliases of all.
struct PathChecks {
    let draft: TableDraft
    let hasUnifiedKey: Bool
    let diagnostics: DiagnosticList

    /// Whose a path is.
    private enum Owner {
        case unified
        case route(Int)
    }

    func run() {
        var owners: [String: Owner] = [:]
        for path in draft.definition.addressing.paths { owners[path] = .unified }
        for (index, route) in draft.definition.routes.enumerated() {
            guard let endpoint = route.endpoint else { continue }
            for (offset, path) in ([endpoint.path] + endpoint.aliases).enumerated() {
                guard let owner = owners.updateValue(.route(index), forKey: path) else { continue }
                owners[path] = owner
                tell(path, of: index, offset, owner)
            }
        }
        checkPatterns()
    }

    /// The node of a route's path (0) or of one of its aliases.
    private func place(of index: Int, _ offset: Int) -> DocumentNode {
        let route = draft.routePlaces[index]
        guard let legacy = route["legacy"] else { return route }
        if offset == 0 { return legacy["path"] ?? route }
        let aliases = legacy["aliases"]?.elements ?? []
        return aliases.indices.contains(offset - 1) ? aliases[offset - 1] : route
    }

    private func tell(_ path: String, of index: Int, _ offset: Int, _ owner: Owner) {
        let node = place(of: index, offset)
        let shown = Excerpt.quoted(path)
        switch owner {
        case .unified:
            diagnostics.error(
                node, "the path \(shown) is that of the unified endpoint, too",
                advice: hasUnifiedKey ? "every path must mean one endpoint" : "move that one: unified: {path: …}")
        case .route(index):
            diagnostics.error(node, "the path \(shown) stands there twice", advice: "keep one of them")
        case .route(let other) where draft.routePlaces[other].position == draft.routePlaces[index].position:
            // The same entry of the file: one finding for all of its routes.
            diagnostics.error(
                node, "routes of the template would have the same path \(shown)",
                advice: "write the path with its placeholders, such as /api/ws/liaison/{pillar}")
        case .route(let other):
            let first = place(of: other, 0).position
            diagnostics.error(
                node,
                "the path \(shown) is that of \(Excerpt.quoted(draft.definition.routes[other].name)), too (line "
                    + "\(first.line), column \(first.column))",
                advice: "every path must mean one endpoint")
        }
    }

    /// Two patterns overlap when they have as many segments, and where both have text the same one.
    private func checkPatterns() {
        let unlisted = draft.definition.unlisted
        var known: [(segments: [Substring], index: Int)] = []
        for (index, endpoint) in unlisted.prefix(Self.mostPatterns).enumerated() {
            for path in [endpoint.path] + endpoint.aliases {
                let segments = path.split(separator: "/", omittingEmptySubsequences: false)
                let other = known.first { $0.index != index && Self.overlap($0.segments, segments) }
                known.append((segments, index))
                guard let other else { continue }
                let place = draft.unlistedPlaces[index]["path"] ?? draft.unlistedPlaces[index]
                diagnostics.warning(
                    place,
                    "values that are not listed could be those of \(Excerpt.quoted(unlisted[other.index].name)), too",
                    advice: "the first one of the file gets them: write unlisted: refuse in one of them")
            }
        }
    }

    /// More templates than this are not compared with each other.
    private static let mostPatterns = 500

    private static func overlap(_ left: [Substring], _ right: [Substring]) -> Bool {
        left.count == right.count
            && zip(left, right).allSatisfy { $0 == $1 || $0.hasPrefix("{") || $1.hasPrefix("{") }
    }
}
