import Foundation
import ShuntCore

/// What an operation takes in its body: an object whose members are text.
package struct BodyShape: Sendable {
    /// Of the schema in the OpenAPI document.
    package var schema: String
    package var required: [String]
    package var optional: [String]

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

    private static func object(_ bytes: Data) throws(Problem) -> [String: BodyMember] {
        do {
            return try JSONDecoder().decode([String: BodyMember].self, from: bytes)
        } catch DecodingError.typeMismatch {
            throw Problem(.invalidValue, "the body must be an object")
        } catch DecodingError.dataCorrupted(let context) {
            throw Problem(.badJSON, place(context.underlyingError) ?? context.debugDescription)
        } catch {
            throw Problem(.badJSON, "the body is not well-formed JSON")
        }
    }

    /// What the parser says about line and column.
    private static func place(_ error: (any Error)?) -> String? {
        guard let error else { return nil }
        return (error as NSError).userInfo[NSDebugDescriptionErrorKey] as? String
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
