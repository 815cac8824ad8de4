import Foundation
import ShuntCore

/// What an operation takes in its body: an object whose members are text.
package struct BodyShape: Sendable {
    /// Of the schema in the OpenAPI document.
    package var schema: String
    package var required: [String]
    package var optional: [String]

    /// More than any body needs.
    private static let nesting = 16

    package init(schema: String, required: [String], optional: [String]) {
        self.schema = schema
        self.required = required
        self.optional = optional
    }

    /// - Parameter bytes: of the body; none stands for an empty object.
    func members(of bytes: Data) throws(Problem) -> [String: String] {
        var texts: [String: String] = [:]
        for (name, member) in try bytes.isEmpty ? [:] : Self.object(bytes) {
            guard required.contains(name) || optional.contains(name) else { throw unknown(name) }
            switch member {
            case .text(let text): texts[name] = text
            case .null where optional.contains(name): break
            case .null, .other: throw Problem(.invalidValue, "`\(name)` must be text")
            }
        }
        if let missing = required.first(where: { texts[$0] == nil }) {
            throw Problem(.invalidValue, "`\(missing)` is missing")
        }
        return texts
    }

    private func unknown(_ name: String) -> Problem {
        let known = required + optional
        var problem = Problem(.invalidValue, "there is no member `\(PlainText.cleaned(name, longest: 64))` here")
        problem.meant = NearestWord.to(name, among: known)
        if let meant = problem.meant { problem.detail += "; `\(meant)` was meant?" }
        problem.allowed = known
        return problem
    }

    private static func object(_ data: Data) throws(Problem) -> [String: BodyMember] {
        let bytes = Array(data)
        guard UTF8Validator.isValid(bytes.span, from: 0, count: bytes.count) else {
            throw Problem(.badJSON, "the body is not UTF-8")
        }
        // The core's scanner says where a text is wrong, which Foundation's does not.
        var envelope = Envelope()
        switch envelope.scan(bytes.span, for: KeySet(["reason"]), nesting: nesting, early: false) {
        case .object: break
        case .notAnObject: throw Problem(.invalidValue, "the body must be an object")
        case .malformed(let place): throw Problem(.badJSON, "no JSON from \(Self.place(of: place, in: bytes)) on")
        case .tooDeep(let place): throw Problem(.invalidValue, "nested too deep at \(Self.place(of: place, in: bytes))")
        }
        do {
            return try JSONDecoder().decode([String: BodyMember].self, from: data)
        } catch {
            throw Problem(.badJSON, "the body cannot be read as JSON")
        }
    }

    /// - Returns: line and column, both from 1; columns count bytes.
    private static func place(of index: Int, in bytes: [UInt8]) -> String {
        let before = bytes.prefix(index)
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
        return "line \(line), column \(column)"
    }
}

/// A member's value, read no deeper than is needed to say what is wrong with it.
private enum BodyMember: Decodable {
    case text(String)
    case null
    case other

    init(from decoder: any Decoder) throws {
        guard let container = try? decoder.singleValueContainer() else {
            self = .other
            return
        }
        if container.decodeNil() {
            self = .null
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else {
            self = .other
        }
    }
}
