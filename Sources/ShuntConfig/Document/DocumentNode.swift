/// A value of the configuration document: references to the environment are resolved, aliases and merge keys unfolded.
struct DocumentNode {
    var position: SourcePosition
    var path: DocumentPath
    var content: Content

    indirect enum Content {
        case scalar(DocumentScalar)
        case list([DocumentNode])
        case mapping([DocumentEntry])
    }

    var scalar: DocumentScalar? {
        if case .scalar(let scalar) = content { scalar } else { nil }
    }

    var entries: [DocumentEntry]? {
        if case .mapping(let entries) = content { entries } else { nil }
    }

    /// Nothing was written: `key:` or `key: null`.
    var isNull: Bool { scalar?.isNull ?? false }

    /// The values of a list; a single value counts as a list of one.
    var elements: [DocumentNode] {
        if case .list(let nodes) = content { nodes } else { [self] }
    }

    subscript(key: String) -> DocumentNode? { entries?.first { $0.key == key }?.value }

    /// The line that a key stands in, nil when it does not.
    func line(of key: String) -> Int? { entries?.first { $0.key == key }?.position.line }

    /// What stands here, for a diagnostic. What came from the environment is shown as it is written, `${NAME}`.
    var found: String {
        switch content {
        case .scalar(let scalar): scalar.isNull ? "nothing" : Excerpt.quoted(scalar.shown)
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// Lays `over` on top of this: mappings merge, everything else is replaced.
    func merged(with over: DocumentNode) -> DocumentNode {
        guard case .mapping(var entries) = content else { return over }
        // `pool:` with nothing under it changes nothing.
        if over.isNull { return self }
        guard case .mapping(let overriding) = over.content else { return over }
        var places: [String: Int] = [:]
        for (place, entry) in entries.enumerated() { places[entry.key] = place }
        for entry in overriding {
            if let place = places[entry.key] {
                let merged = entries[place].value.merged(with: entry.value)
                entries[place] = DocumentEntry(key: entry.key, position: entry.position, value: merged)
            } else {
                places[entry.key] = entries.count
                entries.append(entry)
            }
        }
        return DocumentNode(position: over.position, path: over.path, content: .mapping(entries))
    }

    /// The node with `change` applied to the text of every scalar in it.
    func mapText(_ change: (String) -> String) -> DocumentNode {
        var result = self
        switch content {
        case .scalar(var scalar):
            scalar.text = change(scalar.text)
            result.content = .scalar(scalar)
        case .list(let nodes):
            result.content = .list(nodes.map { $0.mapText(change) })
        case .mapping(let entries):
            result.content = .mapping(
                entries.map { DocumentEntry(key: $0.key, position: $0.position, value: $0.value.mapText(change)) })
        }
        return result
    }
}

/// A key and its value.
struct DocumentEntry {
    var key: String
    var position: SourcePosition
    var value: DocumentNode
}

/// A text of the document.
struct DocumentScalar {
    /// The text with the environment's values in place. It may be a secret: never print it.
    var text: String
    /// The text as it is written in the file.
    var shown: String
    /// Not in quotes, no block, no tag: `null`, `true` and numbers mean what YAML says.
    var isPlain: Bool
    /// A part of the text came from the environment.
    var isReference = false
    /// A reference in it could not be resolved; that was told already.
    var isBroken = false

    var isNull: Bool { isPlain && !isReference && !isBroken && ["", "~", "null", "Null", "NULL"].contains(text) }
}

extension DocumentNode {
    /// The texts of a list, or the one text that stands alone.
    var scalars: [String] { (elements.isEmpty ? [self] : elements).compactMap { $0.scalar?.text } }
}
