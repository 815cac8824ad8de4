import Yams

/// Turns text into YAML nodes by Yams, and keeps away from it what it cannot bear.
///
/// - An alias as a mapping key costs exponential time inside Yams (keys are hashed with all that they hold), so the
///   text is first composed with every `*` replaced by a private character. Nothing is an alias then, every place
///   stays where it was, and a key that began with `*` can be seen and refused.
/// - Yams stops at the first repeated key. The first of the two is then renamed by a private character and the text
///   composed again, so that both places, and whatever else is wrong, can be told at once.
struct YAMLLoader {
    private var text: SourceText
    private let diagnostics: DiagnosticList
    /// Keys that were renamed because the same key comes again: what they were, by where they stand.
    private(set) var renamed: [SourcePosition: String] = [:]

    private static let aliasMask: Unicode.Scalar = "\u{E000}"
    private static let firstRenameMask: UInt32 = 0xE001

    init(_ text: SourceText, diagnostics: DiagnosticList) {
        self.text = text
        self.diagnostics = diagnostics
    }

    /// The root of the document, nil when it is empty or no YAML; the latter is told in `diagnostics`.
    mutating func load() -> Node? {
        if text.scalars.contains("*") {
            guard let masked = compose(masked: true), !refusesAliases(in: masked) else { return nil }
        }
        return compose(masked: false)
    }

    private mutating func compose(masked: Bool) -> Node? {
        // A long file with many repeated keys is told of in several runs.
        var attempts = text.scalars.count > 1 << 16 ? 2 : 32
        var undo: (index: Int, scalar: Unicode.Scalar)?
        var told: (position: SourcePosition, key: String)?
        while true {
            do {
                return try Yams.compose(yaml: yaml(masked: masked), .basic)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let position = SourcePosition(line: context.mark.line, column: context.mark.column)
                let key = keys.first ?? ""
                attempts -= 1
                // Another one each time: three keys may be the same.
                guard attempts > 0, renamed[position] == nil, let index = renamingIndex(at: position),
                    let mask = Unicode.Scalar(Self.firstRenameMask + UInt32(renamed.count))
                else {
                    refuse(repeated: key, at: position)
                    return nil
                }
                undo = (index, text.scalars[index])
                told = (position, key)
                renamed[position] = key
                text.scalars[index] = mask
            } catch let error as YamlError {
                // The renaming itself may have broken the text, where the key is written in an odd way.
                if let undo, let told, renamed.count > 0, stillBroken(without: undo) == false {
                    refuse(repeated: told.key, at: told.position)
                } else {
                    YAMLProblem(error).report(in: text, to: diagnostics)
                }
                return nil
            } catch {
                diagnostics.error(at: .start, "the file cannot be read as YAML")
                return nil
            }
        }
    }

    /// Whether the text is no YAML before the last renaming either.
    private func stillBroken(without undo: (index: Int, scalar: Unicode.Scalar)) -> Bool {
        var copy = self
        copy.text.scalars[undo.index] = undo.scalar
        do {
            _ = try Yams.compose(yaml: copy.yaml(masked: true), .basic)
            return false
        } catch YamlError.duplicatedKeysInMapping {
            return false
        } catch {
            return true
        }
    }

    private func refuse(repeated key: String, at position: SourcePosition) {
        let shown = key.contains("\u{E000}") ? "this key" : "the key \(Excerpt.quoted(key))"
        diagnostics.error(at: position, "\(shown) comes again in the same mapping", advice: "keep one of them")
    }

    /// Which scalar to replace so that the key at this position becomes another one of the same length.
    private func renamingIndex(at position: SourcePosition) -> Int? {
        guard let index = text.index(of: position) else { return nil }
        let first = text.scalars[index]
        guard first == "\"" || first == "'" else { return first == "&" || first == "!" ? nil : index }
        let inside = index + 1
        guard inside < text.scalars.count, text.scalars[inside] != first, text.scalars[inside] != "\n" else {
            return nil
        }
        return inside
    }

    /// The text for Yams. Yams keeps a pointer into the string: the padding makes it one that lives on the heap.
    private func yaml(masked: Bool) -> String {
        var view = String.UnicodeScalarView()
        view.reserveCapacity(text.scalars.count + 32)
        for scalar in text.scalars { view.append(masked && scalar == "*" ? Self.aliasMask : scalar) }
        view.append(contentsOf: repeatElement("\n", count: 32))
        var string = String(view)
        string.makeContiguousUTF8()
        return string
    }

    // MARK: Aliases

    /// Whether a key is an alias, or holds one. `root` is composed of masked text.
    private func refusesAliases(in root: Node) -> Bool {
        var refused = false
        var pending = [root]
        while let node = pending.popLast() {
            switch node {
            case .mapping(let mapping):
                for (key, value) in mapping {
                    if key.scalar == nil || startsAlias(key) { refused = refuseKey(key) }
                    pending.append(value)
                }
            case .sequence(let sequence): pending.append(contentsOf: sequence)
            case .scalar where startsAlias(node): if !isWholeAlias(node) { refused = refuseKey(node) }
            default: break
            }
        }
        return refused
    }

    private func refuseKey(_ key: Node) -> Bool {
        let position = key.mark.map { SourcePosition(line: $0.line, column: $0.column) } ?? .start
        diagnostics.error(
            at: position, key.scalar == nil ? "a key must be a single word" : "an alias (*name) cannot be a key",
            advice: key.scalar == nil ? nil : "put a text that begins with * in quotes")
        return true
    }

    private func startsAlias(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain, let mark = scalar.mark,
            let index = text.index(of: SourcePosition(line: mark.line, column: mark.column))
        else { return false }
        return text.scalars[index] == "*"
    }

    /// Whether what begins with `*` is an alias and nothing more, so that it is one value without the masks, too.
    private func isWholeAlias(_ node: Node) -> Bool {
        guard let scalar = node.scalar, let mark = scalar.mark,
            let start = text.index(of: SourcePosition(line: mark.line, column: mark.column))
        else { return false }
        let name = text.scalars[(start + 1)...].prefix { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_" || scalar == "-")
        }
        let next = text.scalars[name.endIndex...].first { $0 != " " && $0 != "\t" }
        return next != ":" && scalar.string.unicodeScalars.count == name.count + 1
    }
}
