import ShuntCore

/// Reads the document's sections in turn and puts the settings together.
struct DocumentReader {
    let document: DocumentNode
    let diagnostics: DiagnosticList

    static let later: KeyValuePairs<String, String> = [
        "client": "usage by application and version is not recorded",
        "phase": "every route is served as its served_by says",
        "legacy_defaults": "there are no legacy endpoints for old clients",
        "deprecation": "nothing is announced or refused as deprecated",
        "store": "nothing is recorded on disk",
        "admin": "there is no admin listener",
    ]

    /// nil when something essential is missing, which is told.
    func read() -> (settings: ProxySettings, summary: ConfigSummary)? {
        guard let root = Section(document, diagnostics) else { return nil }
        var listen = ListenSettings()
        var drain = DrainSettings()
        var log = LogSettings()
        var draft = TableDraft()
        if let section = root.section("listen") { listen.read(section) }
        if let section = root.section("session") { draft.definition.session.read(section) }
        if let section = root.section("limits") { draft.definition.limits.read(section) }
        if let section = root.section("drain") { drain.read(section) }
        if let section = root.section("log") { log.read(section) }
        let defaults = root["upstream_defaults"].flatMap { $0.isNull ? nil : $0 }
        UpstreamReader(diagnostics: diagnostics, defaults: defaults, isUnified: false).readDefaults()
        let unified = root["unified"]
        readUnified(root, defaults: defaults, into: &draft)
        readRoutes(root, defaults: defaults, into: &draft)
        root.finish(later: Self.later)
        TableChecks(draft: draft, listen: listen, unified: unified, diagnostics: diagnostics).run()
        guard !diagnostics.hasErrors, let table = draft.compile(unified: unified, root: document, diagnostics) else {
            return nil
        }
        var settings = ProxySettings(table: table)
        settings.listen = listen
        settings.drain = drain
        settings.log = log
        return (settings, ConfigSummary(settings, draft))
    }

    private func readUnified(_ root: Section, defaults: DocumentNode?, into draft: inout TableDraft) {
        guard let section = root.section("unified") else { return }
        draft.definition.addressing.read(section)
        if let node = section["upstream"] {
            let reader = UpstreamReader(diagnostics: diagnostics, defaults: defaults, isUnified: true)
            if let upstream = reader.read(node, name: "unified") {
                draft.definition.unified = draft.append(upstream, at: node)
            } else {
                draft.hasBrokenUnified = true
            }
        }
        section.finish()
    }

    private func readRoutes(_ root: Section, defaults: DocumentNode?, into draft: inout TableDraft) {
        guard let routes = root["routes"] else {
            diagnostics.error(
                at: document.position, "the key routes is missing",
                advice: "add at least one agent under routes; every other key has a default")
            return
        }
        let reader = RouteReader(
            diagnostics: diagnostics, defaults: defaults, addressing: draft.definition.addressing,
            hasUnified: draft.definition.unified != nil || draft.hasBrokenUnified)
        reader.read(routes, into: &draft)
    }
}
