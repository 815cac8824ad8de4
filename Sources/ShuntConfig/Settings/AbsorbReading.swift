import ShuntCore

/// Reads what keeps clients' sockets alive: `absorb`, in one shape for both kinds of endpoint, and `send` and `every` of
/// `heartbeat`.
struct AbsorbReader {
    let diagnostics: DiagnosticList

    private static let most = 256
    private static let allowed = "drop or {answer: {type: pong, id: \"{id}\"}}"

    /// A list of types that are dropped, or a mapping of types to what is done with them; nil when it is neither, which
    /// is told.
    func read(_ node: DocumentNode) -> [AbsorbedType]? {
        guard let entries = node.entries else {
            return diagnostics.readList(node, .text("a type"), count: 0...Self.most)?.map { AbsorbedType($0) }
        }
        guard entries.count <= Self.most else {
            diagnostics.error(node, "found \(entries.count) types", allowed: "at most \(Self.most)")
            return nil
        }
        return entries.compactMap { entry in
            if entry.key.isEmpty {
                diagnostics.error(entry.value, "a type is missing", allowed: "{ping: drop}")
                return nil
            }
            return read(entry.value, of: entry.key)
        }
    }

    private func read(_ node: DocumentNode, of type: String) -> AbsorbedType? {
        guard node.entries != nil, let section = Section(node, diagnostics) else {
            let kind = ValueKind<AbsorbedType>.choice(["drop": AbsorbedType(type)])
            return diagnostics.read(node, ValueKind(allowed: Self.allowed, parse: kind.parse))
        }
        defer { section.finish() }
        guard let answer = section["answer"] else {
            diagnostics.error(node, "the key answer is missing", allowed: Self.allowed)
            return nil
        }
        return readAnswer(answer).map { AbsorbedType(type, answer: $0) }
    }

    private func readAnswer(_ node: DocumentNode) -> String? {
        if let name = unquoted(in: node) {
            diagnostics.error(
                node, "{\(Excerpt.of(name))} without quotes is a mapping", advice: "write \"{\(Excerpt.of(name))}\"")
            return nil
        }
        let advice = "a member of the message is repeated by its name in braces and quotes: \"{id}\""
        guard let text = diagnostics.readObject(node, advice: advice) else { return nil }
        var stray = Placeholders.words(in: text)
        stray += Placeholders.wholeStrings(inJSON: text).filter { !stray.contains($0) }
        for path in AnswerTemplate(text).paths {
            if let place = stray.firstIndex(of: path) { stray.remove(at: place) }
        }
        if let word = stray.first {
            let shown = node.scalar?.isReference == true ? "braces" : "{\(Excerpt.of(word))}"
            diagnostics.warning(
                node, "\(shown) in it means nothing: it is sent as it stands",
                advice: "braces stand for a member only as a whole value, such as id: \"{id}\"")
        }
        return text
    }

    /// The name of a `{id}` that YAML takes for a mapping.
    private func unquoted(in node: DocumentNode) -> String? {
        switch node.content {
        case .scalar: return nil
        case .list(let nodes): return nodes.lazy.compactMap { unquoted(in: $0) }.first
        case .mapping(let entries):

            for entry in entries {
                guard let inner = entry.value.entries else {
                    if let found = unquoted(in: entry.value) { return found }
                    continue
                }
                if inner.count == 1, let only = inner.first, only.value.isNull { return only.key }
                if let found = unquoted(in: entry.value) { return found }
            }
            return nil
        }
    }

    // MARK: Heartbeats

    /// `unified.heartbeat`; nil for none.
    func readBeat(_ node: DocumentNode) -> BeatSettings? {
        if node.isNull || node.scalar?.text == "off" { return nil }
        guard node.entries != nil, let section = Section(node, diagnostics) else {
            if node.scalar?.isBroken != true {
                diagnostics.error(
                    node, "found \(node.found)", allowed: "{send: {type: heartbeat}, every: 8s} or off")
            }
            return nil
        }
        if let absorb = section["absorb"] {
            diagnostics.error(
                absorb, "absorb stands beside heartbeat on the unified endpoint", advice: "write it as unified.absorb")
        }
        var beat = readSend(section).map { BeatSettings(send: $0) }
        var every = beat?.every ?? .seconds(8)
        readEvery(&every, section)
        beat?.every = every
        section.finish()
        return beat
    }

    /// What is sent to clients; nil where nothing is.
    func readSend(_ section: Section) -> String? {
        guard let node = section["send"], !node.isNull else { return nil }
        return diagnostics.readMessage(node, to: "clients")
    }

    func readEvery(_ every: inout TimeSpan, _ section: Section) {
        section.set(&every, "every", .duration(.milliseconds(100) ... .hours(24)))
        if section["send"] == nil, let node = section["every"] {
            diagnostics.warning(node, "every without send has no effect", advice: "say what to send")
        }
    }
}
