import Foundation
import ShuntCore
import Testing

/// The documentation is written by hand; what it names must be there, and what users meet must be in it.
@Suite struct `The documentation` {
    @Test func `explains every error code`() throws {
        let operations = try text(of: articles + "Operations.md")
        let missing = ErrorCode.allCases.map(\.rawValue).filter { !operations.contains("`\($0)`") }
        #expect(missing == [])
    }

    @Test(arguments: ["Architecture", "LifeOfAMessage", "Glossary", "HowItIsTested", "ThreatModel", "Decisions"])
    func `names only what is in the sources`(article: String) throws {
        let names = try Set(
            codeVoice(in: text(of: articles + article + ".md")).filter { $0.first?.isUppercase == true })
        let known = try everything()
        #expect(!names.isEmpty)
        #expect(names.filter { !known.contains($0) } == [])
    }

    private let articles = "Sources/shunt/Documentation.docc/"

    private func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// All Swift sources, and the names of all files and folders.
    private func everything() throws -> Haystack {
        var bytes = Data()
        for folder in ["Sources", "Tests"] {
            for path in try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path) {
                bytes += Data("\(folder)/\(path)\n".utf8)
                guard folder == "Sources", path.hasSuffix(".swift") else { continue }
                bytes += try Data(contentsOf: root.appending(path: "\(folder)/\(path)"))
            }
        }
        return Haystack(bytes: bytes)
    }

    private var root: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    /// The identifiers between backticks, of a member path the first; code with other characters is left out.
    private func codeVoice(in article: String) -> [String] {
        let parts = article.split(separator: "`", omittingEmptySubsequences: false)
        return stride(from: 1, to: parts.count, by: 2).map { parts[$0] }
            .filter { $0.unicodeScalars.allSatisfy { $0 == "." || $0 == "_" || $0.properties.isAlphabetic } }
            .compactMap { $0.split(separator: ".").first.map(String.init) }
    }
}

/// Much text that is searched many times: by the C library, because a debug build's own loops take seconds.
private struct Haystack {
    private let text: ContiguousArray<CChar>

    init(bytes: Data) { text = String(decoding: bytes, as: UTF8.self).utf8CString }

    func contains(_ word: String) -> Bool {
        text.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return false }
            return strstr(start, word) != nil
        }
    }
}
