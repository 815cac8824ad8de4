import ShuntCore

/// Reads the document's sections in turn and puts the settings together.
struct DocumentReader {
    let document: DocumentNode
    let diagnostics: DiagnosticList
    let tls: TLSLookup

    /// nil when something essential is missing, which is told.
    func read() -> (settings: ProxySettings, summary: ConfigSummary)? {
        guard let root = Section(document, diagnostics) else { return nil }
        // A place for anchors, which nobody reads.
        for entry in document.entries ?? [] where entry.key.hasPrefix("x-") { _ = root[entry.key] }
        var listen = ListenSettings()
        var drain = DrainSettings()
        var log = LogSettings()
        var draft = TableDraft()
        var admin = AdminSettings()
        var store = StoreSettings()
        var usage = UsageSettings()
        let listenSection = root.section("listen")
        if let section = listenSection {
            listen.read(section, &admin, TLSReader(diagnostics: diagnostics, lookup: tls))
        }
        if let section = root.section("admin") { admin.read(section) }
        if let section = listenSection { admin.check(section, listen.clients) }
        if let section = root.section("store") {
            store.read(section, &usage)
            draft.shownStore = section["url"]?.scalar?.shown
        }
        if let section = root.section("usage") { usage.read(section) }
        let (client, session) = (root.section("client"), root.section("session"))
        if let client { draft.definition.client.read(client) }
        if let session { draft.definition.session.read(session, tls) }
        draft.definition.client.check(client, session, draft.definition.session.token)
        if let section = root.section("limits") { draft.definition.limits.read(section) }
        if let section = root.section("drain") { drain.read(section) }
        if let section = root.section("log") { log.read(section) }
        let defaults = root["upstream_defaults"].flatMap { $0.isNull ? nil : $0 }
        UpstreamReader(diagnostics: diagnostics, tls: tls, defaults: defaults, isUnified: false).readDefaults()
        let legacyDefaults = root["legacy_defaults"].flatMap { $0.isNull ? nil : $0 }
        EndpointReader(diagnostics: diagnostics, defaults: legacyDefaults).readDefaults()
        let unified = root["unified"]
        draft.definition.addressing.kinds = ReplyKinds.read(unified?["upstream"], defaults: defaults)
        let phase = readPhase(root, into: &draft)
        readUnified(root, defaults: defaults, into: &draft)
        readRoutes(root, defaults, legacyDefaults, phase, into: &draft)
        let deprecation = root.section("deprecation")
        if let section = deprecation {
            var settings = DeprecationSettings()
            settings.read(section, &usage, into: &draft)
            draft.definition.deprecation = settings
        }
        usage.check(deprecation: deprecation, store: root.section("store"))
        root.finish()
        TableChecks(
            draft: draft, listen: listen, unified: unified, root: document, diagnostics: diagnostics
        ).run()
        if let place = deprecation?.node {
            DeprecationChecks(draft: draft, place: place, diagnostics: diagnostics).run()
        }
        guard !diagnostics.hasErrors, let table = draft.compile(unified: unified, root: document, diagnostics) else {
            return nil
        }
        var settings = ProxySettings(table: table)
        settings.listen = listen
        settings.drain = drain
        settings.log = log
        settings.admin = admin
        settings.store = store
        settings.usage = usage
        settings.lines = draft.lines
        settings.certificates = tls.certificates
        settings.tlsFiles = tls.digests
        return (settings, ConfigSummary(settings, draft, shown: tls.shown))
    }

    private func readUnified(_ root: Section, defaults: DocumentNode?, into draft: inout TableDraft) {
        guard let section = root.section("unified") else { return }
        draft.definition.addressing.read(section)
        if let node = section["upstream"] {
            let reader = UpstreamReader(diagnostics: diagnostics, tls: tls, defaults: defaults, isUnified: true)
            draft.unifiedUpstream =
                (defaults ?? DocumentNode(position: node.position, path: node.path, content: .mapping([])))
                .merged(with: node)
            if let upstream = reader.read(node, name: "unified") {
                draft.definition.unified = draft.append(upstream, at: node)
            } else {
                draft.hasBrokenUnified = true
            }
        }
        section.finish()
    }

    /// The place of the phase, where the file names one.
    private func readPhase(_ root: Section, into draft: inout TableDraft) -> DocumentNode? {
        guard let node = root["phase"] else { return nil }
        let names: KeyValuePairs<String, Phase> = [
            "parallel": .parallel, "migrate": .migrate, "deprecate": .deprecate, "complete": .complete,
        ]
        if let phase = diagnostics.read(node, .choice(names)) { draft.definition.phase = phase }
        draft.lines.phase = document.line(of: "phase")
        return node
    }

    private func readRoutes(
        _ root: Section, _ defaults: DocumentNode?, _ legacyDefaults: DocumentNode?, _ phase: DocumentNode?,
        into draft: inout TableDraft
    ) {
        guard let routes = root["routes"] else {
            diagnostics.error(
                at: document.position, "the key routes is missing",
                advice: "add at least one agent under routes; every other key has a default")
            return
        }
        let surroundings = RouteSurroundings(
            hasUnified: draft.definition.unified != nil || draft.hasBrokenUnified, phase: draft.definition.phase,
            phasePlace: phase)
        let reader = RouteReader(
            diagnostics: diagnostics, tls: tls, defaults: defaults, legacyDefaults: legacyDefaults,
            addressing: draft.definition.addressing, surroundings: surroundings)
        reader.read(routes, into: &draft)
    }
}
