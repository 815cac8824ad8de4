import ShuntCore

/// Reads where old clients of a route connect: what stands under `legacy` beside its upstream.
struct EndpointReader {
    let diagnostics: DiagnosticList
    /// `legacy_defaults:`, laid under every route's own.
    let defaults: DocumentNode?
    /// Names that stay in braces in paths.
    var placeholders: [String] = []

    /// Reads `legacy_defaults:` by itself, so that its mistakes are told even when no route uses it.
    func readDefaults() {
        guard let defaults, let section = Section(defaults, diagnostics) else { return }
        section.setOnce("passthrough", .passthrough)
        _ = section["heartbeat"].flatMap { readHeartbeat($0, over: nil) }
        var access = EndpointAccess()
        access.read(section)
        _ = section["compression"].flatMap { diagnostics.readCompression($0, over: nil) }
        section.finish()
    }

    /// nil when there is no endpoint, or when its path cannot be read, which is told.
    ///
    /// - Parameter names: the placeholders that are filled in already.
    func read(_ legacy: Section, names: [String]) -> EndpointSettings? {
        let path = legacy["path"].flatMap { $0.isNull ? nil : $0 }
        var settings = EndpointSettings(path: "")
        if let mode = legacy["passthrough"] ?? defaults?["passthrough"],
            let read = diagnostics.read(mode, .passthrough)
        {
            settings.passthrough = read
        }
        if let defaults, let section = Section(defaults, diagnostics) { settings.access.read(section) }
        settings.access.read(legacy)
        settings.heartbeat = readHeartbeat(legacy["heartbeat"], over: defaults?["heartbeat"])
        settings.compression = diagnostics.readCompression(legacy["compression"], over: defaults?["compression"])
        if let rules = legacy.section("to_legacy") { readToLegacy(rules, into: &settings) }
        let aliases = legacy["aliases"]
        let unlisted = legacy["unlisted"]
        guard let path else {
            for key in [
                "aliases", "unlisted", "passthrough", "heartbeat", "compression", "to_legacy", "validate", "refuse",
            ] {
                guard let node = legacy[key] else { continue }
                diagnostics.warning(
                    node, "\(key) without a path has no effect", advice: "add path: where old clients connect")
            }
            return nil
        }
        for node in [path] + (aliases?.elements ?? []) where tellsPlaceholders(of: node, names) { return nil }
        if let unlisted, !(path.scalar?.shown.contains("{") ?? false) {
            diagnostics.error(
                unlisted, "the path has no placeholder, so that there are no values to list",
                advice: "remove unlisted")
        }
        guard let text = diagnostics.read(path, .literal(.endpointPath(placeholders))) else { return nil }
        settings.path = text
        if let aliases, let list = diagnostics.readList(aliases, .literal(.endpointPath(placeholders)), count: 0...100)
        {
            settings.aliases = list
        }
        return settings
    }

    /// Whether there are some that nothing fills, which is told.
    private func tellsPlaceholders(of node: DocumentNode, _ names: [String]) -> Bool {
        let unknown = Placeholders.names(in: node.scalar?.text ?? "").filter { !placeholders.contains($0) }
        for name in unknown { diagnostics.unknownPlaceholder(name, at: node, known: names.sorted()) }
        return !unknown.isEmpty
    }

    private func readToLegacy(_ section: Section, into settings: inout EndpointSettings) {
        settings.toLegacy.read(section)
        if settings.toLegacy.unwrap != nil {
            diagnostics.error(
                section["unwrap"] ?? section.node, "to_legacy cannot unwrap",
                advice: "it acts on replies of the unified form, which are made here: unwrap belongs to to_unified")
        }
    }

    /// nil for none: nothing is set, or it is `off`.
    private func readHeartbeat(_ own: DocumentNode?, over inherited: DocumentNode?) -> HeartbeatSettings? {
        func isOff(_ node: DocumentNode) -> Bool { node.isNull || node.scalar?.text == "off" }
        if let own, isOff(own) { return nil }
        var node = inherited
        if let own { node = inherited.map { isOff($0) ? own : $0.merged(with: own) } ?? own }
        guard let node, !isOff(node) else { return nil }
        guard node.entries != nil, let section = Section(node, diagnostics) else {
            if node.scalar?.isBroken != true {
                diagnostics.error(
                    node, "found \(node.found)", allowed: "{absorb: [heartbeat], send: …, every: 8s} or off")
            }
            return nil
        }
        var settings = HeartbeatSettings()
        let reader = AbsorbReader(diagnostics: diagnostics)
        if let node = section["absorb"], let types = reader.read(node) { settings.absorb = types }
        settings.send = reader.readSend(section)
        reader.readEvery(&settings.every, section)
        section.finish()
        return settings
    }
}

extension Section {
    /// Reads a value only to tell of its mistakes.
    fileprivate func setOnce<Value>(_ key: String, _ kind: ValueKind<Value>) {
        if let node = self[key] { _ = diagnostics.read(node, kind) }
    }
}

extension DiagnosticList {
    /// Reads a JSON object, as text or as a mapping; nil when it is none, which is told.
    func readObject(_ node: DocumentNode, advice: String) -> String? {
        switch node.content {
        case .mapping: return JSONText.of(node)
        case .scalar(let scalar) where scalar.isBroken: return nil
        case .scalar(let scalar) where JSONText.isObject(scalar.text): return scalar.text
        default:
            error(node, "found \(node.found)", allowed: "one JSON object as text, or a mapping", advice: advice)
            return nil
        }
    }

    /// The same for a message that is sent as it stands: words in braces are told, which mean something elsewhere.
    func readMessage(_ node: DocumentNode, to whom: String) -> String? {
        let text = readObject(node, advice: "it is sent to \(whom) as it stands")
        if let word = Placeholders.words(in: text ?? "").first {
            let shown = node.scalar?.isReference == true ? "braces" : "{\(Excerpt.of(word))}"
            warning(
                node, "\(shown) in it means nothing: it is sent as it stands",
                advice: "members are repeated by absorb: {TYPE: {answer: …}} alone")
        }
        return text
    }
}

extension ValueKind where Value == PassthroughMode {
    fileprivate static var passthrough: ValueKind { .choice(["managed": .managed, "raw": .raw]) }
}
