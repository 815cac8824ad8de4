import Yams

/// Turns YAML nodes into the document: unfolds aliases and merge keys, resolves references to the environment.
struct DocumentBuilder {
    private let diagnostics: DiagnosticList
    private let references: EnvironmentReferences
    private let renamed: [SourcePosition: String]
    private var budget = Self.most

    /// How many values a document may unfold to. Aliases that hold aliases multiply.
    static let most = 300_000

    init(environment: [String: String], renamed: [SourcePosition: String], diagnostics: DiagnosticList) {
        references = EnvironmentReferences(environment: environment)
        self.renamed = renamed
        self.diagnostics = diagnostics
    }

    /// nil when the document unfolds to too many values.
    mutating func build(_ root: Node) -> DocumentNode? {
        let document = convert(root, .root, at: .start)
        guard budget >= 0 else {
            diagnostics.error(
                at: position(of: root) ?? .start, "the file unfolds to more than \(Self.most) values",
                advice: "an alias (*name) that holds aliases multiplies: write less of it by aliases")
            return nil
        }
        return document
    }

    private func position(of node: Node) -> SourcePosition? {
        node.mark.map { SourcePosition(line: $0.line, column: $0.column) }
    }

    private mutating func convert(_ node: Node, _ path: DocumentPath, at outer: SourcePosition) -> DocumentNode {
        let position = position(of: node) ?? outer
        budget -= 1
        var result = DocumentNode(position: position, path: path, content: .list([]))
        guard budget >= 0 else { return result }
        switch node {
        case .scalar(let scalar):
            result.content = .scalar(convert(scalar, result))
        case .sequence(let sequence):
            var nodes: [DocumentNode] = []
            for (index, element) in sequence.enumerated() {
                nodes.append(convert(element, path.appending(index: index), at: position))
            }
            result.content = .list(nodes)
        case .mapping(let mapping):
            result.content = .mapping(convert(mapping, result))
        case .alias: break
        }
        return result
    }

    private mutating func convert(_ mapping: Node.Mapping, _ node: DocumentNode) -> [DocumentEntry] {
        var entries: [DocumentEntry] = []
        var merged: [DocumentEntry] = []
        var places: [String: SourcePosition] = [:]
        for (keyNode, value) in mapping {
            guard budget >= 0 else { return [] }
            guard let scalar = keyNode.scalar else {
                diagnostics.error(at: position(of: keyNode) ?? node.position, "a key must be a single word")
                continue
            }
            let place = position(of: keyNode) ?? node.position
            let key = renamed[place] ?? scalar.string
            if key == "<<", scalar.style == .plain {
                merged += mergeKey(value, node, at: place)
                continue
            }
            let child = convert(value, node.path.appending(key: key), at: place)
            if let first = places[key] {
                var again = child
                again.position = place
                let isSame = entries.contains { $0.key.utf8.elementsEqual(key.utf8) }
                diagnostics.error(
                    again,
                    "the key \(Excerpt.quoted(key)) "
                        + (isSame ? "comes again" : "differs from another by Unicode normalisation only"),
                    advice: "it stands first at line \(first.line), column \(first.column): keep one of them")
                continue
            }
            if key.contains("${") {
                diagnostics.error(child, "references to the environment are not read in keys")
            }
            places[key] = place
            entries.append(DocumentEntry(key: key, position: place, value: child))
        }
        for entry in merged where places[entry.key] == nil {
            places[entry.key] = entry.position
            entries.append(entry)
        }
        return entries
    }

    /// The entries that `<<` brings in: those of one mapping, or of a list of them, where the earlier one wins.
    private mutating func mergeKey(
        _ value: Node, _ node: DocumentNode, at place: SourcePosition
    ) -> [DocumentEntry] {
        let sources: [Node] =
            switch value {
            case .sequence(let sequence): Array(sequence)
            default: [value]
            }
        var entries: [DocumentEntry] = []
        for source in sources {
            guard case .mapping(let mapping) = source else {
                diagnostics.error(at: place, "a merge key (<<) takes a mapping, such as *name, or a list of them")
                continue
            }
            entries += convert(mapping, node)
        }
        return entries
    }

    private func convert(_ scalar: Node.Scalar, _ node: DocumentNode) -> DocumentScalar {
        let tag = scalar.tag.description
        let hasTag = !["", "!", "tag:yaml.org,2002:str"].contains(tag)
        if hasTag {
            diagnostics.error(node, "tags such as \(Excerpt.of(tag)) are not supported", advice: "remove the tag")
        }
        let expansion = references.expand(scalar.string)
        for name in expansion.missing {
            diagnostics.error(
                node, "the environment variable \(Excerpt.of(name)) is not set",
                advice: "set it, or give a default: ${\(Excerpt.of(name)):-value}")
        }
        for reference in expansion.malformed {
            diagnostics.error(
                node, "found \(Excerpt.quoted(reference))", allowed: "${NAME} or ${NAME:-default}",
                advice: "a literal ${ is written $${")
        }
        return DocumentScalar(
            text: expansion.text, shown: scalar.string, isPlain: scalar.style == .plain && tag.isEmpty,
            isReference: expansion.isReference,
            isBroken: hasTag || !expansion.missing.isEmpty || !expansion.malformed.isEmpty)
    }
}
