import Foundation

/// A file of the sources, as the house rules look at it: by lines.
struct SourceFile: Sendable {
    /// Below `Sources`, for example `ShuntCore/Wire/Splice.swift`.
    let path: String
    let lines: [Substring]

    /// The target that it is of.
    var target: String { String(path.prefix { $0 != "/" }) }

    /// All Swift files below `Sources`, by path.
    static func all() throws -> [SourceFile] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources")
        guard let files = FileManager.default.enumerator(atPath: root.path) else { return [] }
        let paths = files.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }
        return try paths.sorted().map { path in
            let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
            return SourceFile(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }

    /// A function or initializer.
    struct Function {
        let name: String
        /// With its signature and its closing brace.
        let lines: Int
        let parameters: Int
    }

    /// Its functions and initializers, those with a body on lines of their own.
    var functions: [Function] {
        var found: [Function] = []
        for (index, line) in lines.enumerated() {
            guard let name = Self.declaredFunction(in: line) else { continue }
            let indent = line.prefix { $0 == " " }
            guard
                let opening = lines[index...].firstIndex(where: { $0.hasSuffix("{") || $0.hasSuffix("}") || $0.isEmpty }
                )
            else { continue }
            let signature = lines[index...opening].joined(separator: " ")
            var end = opening
            if lines[opening].hasSuffix("{") {
                end = lines[opening...].firstIndex { $0 == indent + "}" } ?? opening
            }
            found.append(
                Function(name: name, lines: end - index + 1, parameters: Self.parameters(of: signature, behind: name)))
        }
        return found
    }

    /// Words that may stand before `func` or `init`.
    private static let modifiers: Set<Substring> = [
        "package", "private", "fileprivate", "public", "mutating", "nonmutating", "static", "override", "final",
        "convenience", "required", "borrowing", "consuming", "nonisolated", "class",
    ]

    private static func declaredFunction(in line: Substring) -> String? {
        var words = line.split(separator: " ")[...]
        while let first = words.first, modifiers.contains(first) || first.hasPrefix("@") { words.removeFirst() }
        guard let first = words.first else { return nil }
        if first == "func" { return words.dropFirst().first.map { String($0.prefix { $0 != "(" && $0 != "<" }) } }
        return first.hasPrefix("init(") || first.hasPrefix("init<") || first.hasPrefix("init?(") ? "init" : nil
    }

    /// How many parameters a signature names between the parentheses behind the function's name.
    private static func parameters(of signature: String, behind name: String) -> Int {
        guard let start = signature.range(of: name)?.upperBound,
            let opening = signature[start...].firstIndex(of: "(")
        else { return 0 }
        var (depth, count, previous) = (0, 0, Character(" "))
        for character in signature[opening...] {
            switch character {
            case "(", "[", "{", "<": depth += 1
            case ">" where previous == "-": break
            case ")", "]", "}", ">":
                depth -= 1
                if depth == 0 { return count }
            case ":" where depth == 1: count += 1
            default: break
            }
            previous = character
        }
        return count
    }
}
