import ShuntCore

/// A mapping of the document while it is read. Every key that is asked for counts as known; `finish` tells of the
/// others. So a key is named in one place, where it is read.
final class Section {
    let node: DocumentNode
    let diagnostics: DiagnosticList
    private let values: [String: DocumentNode]
    private var known: [String] = []

    /// - Returns: nil when the value is no mapping, which is told. `key:` with nothing under it is an empty mapping.
    init?(_ node: DocumentNode, _ diagnostics: DiagnosticList) {
        self.node = node
        self.diagnostics = diagnostics
        if let entries = node.entries {
            values = Dictionary(entries.map { ($0.key, $0.value) }) { first, _ in first }
        } else if node.isNull {
            values = [:]
        } else {
            if node.scalar?.isBroken != true {
                diagnostics.error(node, "found \(node.found)", allowed: "a mapping (lines of key: value)")
            }
            return nil
        }
    }

    /// The value under a key, which is known from now on.
    subscript(key: String) -> DocumentNode? {
        if !known.contains(key) { known.append(key) }
        return values[key]
    }

    func section(_ key: String) -> Section? { self[key].flatMap { Section($0, diagnostics) } }

    /// Reads a value where there is one; what was set before stays where there is none, or a wrong one.
    func set<Value>(_ target: inout Value, _ key: String, _ kind: ValueKind<Value>) {
        if let node = self[key], let value = diagnostics.read(node, kind) { target = value }
    }

    /// Reads a list, or a single value as a list of one.
    func setList<Value>(_ target: inout [Value], _ key: String, _ kind: ValueKind<Value>, count: ClosedRange<Int>) {
        if let node = self[key], let list = diagnostics.readList(node, kind, count: count) { target = list }
    }

    /// Tells of keys that nobody asked for.
    /// - Parameters:
    ///   - later: keys of later work, with what happens without them.
    ///   - replaced: keys of earlier versions, with what there is now.
    func finish(later: KeyValuePairs<String, String> = [:], replaced: KeyValuePairs<String, String> = [:]) {
        for entry in node.entries ?? [] where !known.contains(entry.key) {
            if diagnostics.isFull { return }
            let key = entry.key
            var place = entry.value
            place.position = entry.position
            if let consequence = later.first(where: { $0.key == key })?.value {
                diagnostics.error(place, "not supported yet", advice: "without it \(consequence); remove the key")
            } else if let instead = replaced.first(where: { $0.key == key })?.value {
                diagnostics.error(place, "there is no \(key) any more", advice: instead)
            } else if let meant = NearestWord.to(key, among: known + later.map(\.key)) {
                diagnostics.error(place, "unknown key \(Excerpt.quoted(key))", meant: meant)
            } else {
                diagnostics.error(
                    place, "unknown key \(Excerpt.quoted(key))", allowed: Excerpt.choices(known.sorted()))
            }
        }
    }
}

extension DiagnosticList {
    /// Reads one value; nil when it is not allowed, which is told.
    func read<Value>(_ node: DocumentNode, _ kind: ValueKind<Value>) -> Value? {
        guard let scalar = node.scalar, !scalar.isNull else {
            error(node, "found \(node.found)", allowed: kind.allowed, advice: unquotedPlaceholder(node))
            return nil
        }
        if scalar.isBroken { return nil }
        switch kind.parse(scalar) {
        case .value(let value): return value
        case .wrong(let meant, let advice):
            // What was meant is made of what was found: it must not show a secret either, and it must be right itself.
            let meant = meant.flatMap { kind.allows($0, like: scalar) && !scalar.isReference ? $0 : nil }
            error(
                node, "found \(Excerpt.quoted(scalar.shown))", allowed: kind.allowed, meant: meant, advice: advice)
            return nil
        }
    }

    /// Reads a list of values; nil when there is nothing to use.
    func readList<Value>(_ node: DocumentNode, _ kind: ValueKind<Value>, count: ClosedRange<Int>) -> [Value]? {
        let nodes: [DocumentNode]
        switch node.content {
        case .list(let list): nodes = list
        case .scalar(let scalar) where !scalar.isNull: nodes = [node]
        default:
            error(
                node, "found \(node.found)", allowed: "a list: [\(kind.allowed), …]", advice: unquotedPlaceholder(node))
            return nil
        }
        guard count.contains(nodes.count) else {
            error(
                node, "found a list of \(nodes.count)",
                allowed: "from \(count.lowerBound) to \(count.upperBound) values")
            return nil
        }
        let values = nodes.map { read($0, kind) }
        return values.contains { $0 == nil } ? nil : values.compactMap { $0 }
    }

    /// Tells of a `{name}` that stands for nothing.
    func unknownPlaceholder(_ name: String, at node: DocumentNode, known: [String]) {
        let isSecret = node.scalar?.isReference == true
        let choices = known.map { "{\($0)}" }
        error(
            node, isSecret ? "unknown placeholder in \(node.found)" : "unknown placeholder {\(Excerpt.of(name))}",
            allowed: choices.isEmpty ? nil : Excerpt.choices(choices),
            meant: isSecret ? nil : NearestWord.to(name, among: known).map { "{\($0)}" },
            advice: choices.isEmpty ? "the route's name has no placeholder" : nil)
    }

    /// `{pillar}` without quotes is a mapping in YAML: an easy mistake, with a message that would puzzle.
    private func unquotedPlaceholder(_ node: DocumentNode) -> String? {
        guard let entries = node.entries, entries.count == 1, let entry = entries.first, entry.value.isNull else {
            return nil
        }
        return "{\(Excerpt.of(entry.key))} without quotes is a mapping: write \"{\(Excerpt.of(entry.key))}\""
    }
}
