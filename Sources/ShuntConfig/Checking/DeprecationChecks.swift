import ShuntCore

/// What can be wrong with `deprecation:` and the routes together.
struct DeprecationChecks {
    let draft: TableDraft
    /// `deprecation:`.
    let place: DocumentNode
    let diagnostics: DiagnosticList

    private var settings: DeprecationSettings { draft.definition.deprecation }

    func run() {
        checkNotice()
        guard !draft.hasBrokenRoutes, settings.brownouts.count == draft.brownoutPlaces.count else { return }
        for (brownout, node) in zip(settings.brownouts, draft.brownoutPlaces) { checkRoutes(of: brownout, node) }
        checkOverlaps()
    }

    /// Messages of our own cannot stand between bytes that are piped.
    private func checkNotice() {
        guard settings.notice != nil, let node = place["notice"] else { return }
        let raw = draft.definition.routes.filter { $0.endpoint?.passthrough == .raw }.map(\.name)
        guard !raw.isEmpty else { return }
        diagnostics.error(
            node, "the legacy endpoint of \(RouteNames.text(raw)) is raw: no message can be put between its bytes",
            advice: "turn the notice off, or write passthrough: managed")
    }

    private func checkRoutes(of brownout: Brownout, _ node: DocumentNode) {
        let elements = node["routes"]?.elements ?? []
        let covered = draft.definition.routes.filter { brownout.covers(route: $0.name) }
        for (pattern, element) in zip(brownout.routes, elements) {
            let one = Brownout(routes: [pattern], from: brownout.from, length: brownout.length, share: brownout.share)
            guard !draft.definition.routes.contains(where: { one.covers(route: $0.name) }) else { continue }
            let names = draft.definition.routes.prefix(1000).map(\.name)
            diagnostics.error(
                element, "there is no route \(Excerpt.quoted(pattern))",
                allowed: names.count > 20 ? nil : Excerpt.choices(names), meant: NearestWord.to(pattern, among: names))
        }
        if !covered.isEmpty, covered.allSatisfy({ $0.endpoint == nil }) {
            diagnostics.warning(
                node,
                "the brownout has no effect: no old client can connect to \(RouteNames.text(covered.map(\.name)))",
                advice: "it is for routes with legacy: {path: …}")
        }
    }

    private func checkOverlaps() {
        let windows = Array(zip(settings.brownouts, draft.brownoutPlaces))
        for (index, (brownout, node)) in windows.enumerated() {
            for (other, earlier) in windows[..<index] where brownout.overlaps(other) {
                let both = draft.definition.routes.filter {
                    brownout.covers(route: $0.name) && other.covers(route: $0.name)
                }
                guard !both.isEmpty else { continue }
                diagnostics.error(
                    node,
                    "the brownout overlaps with that of line \(earlier.position.line) for "
                        + RouteNames.text(both.map(\.name)),
                    advice: "a route can be in one brownout at a time: change from or for")
                break
            }
        }
    }
}
