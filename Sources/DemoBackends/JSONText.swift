import Foundation

/// A JSON object as text, its members in the order in which they were added.
struct JSONText {
    private var members: [String] = []

    var text: String { "{" + members.joined(separator: ",") + "}" }

    mutating func add(_ name: String, _ value: String) { add(name, raw: Self.quoted(value)) }
    mutating func add(_ name: String, _ value: Bool) { add(name, raw: value ? "true" : "false") }
    /// The value is JSON text already.
    mutating func add(_ name: String, raw value: String) { members.append(Self.quoted(name) + ":" + value) }

    static func quoted(_ text: String) -> String {
        let options: JSONSerialization.WritingOptions = [.fragmentsAllowed, .withoutEscapingSlashes]
        guard let data = try? JSONSerialization.data(withJSONObject: text, options: options) else { return "\"\"" }
        return String(decoding: data, as: UTF8.self)
    }

    static func list(_ values: [String]) -> String { "[" + values.joined(separator: ",") + "]" }
}

/// A message of a client, read the way the field's servers do: an object, of which a few members matter.
struct Request {
    private let members: [String: Any]

    /// Nil where the text is no JSON object: that kills the field's loops.
    init?(_ text: String) {
        guard let value = try? JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed]),
            let members = value as? [String: Any]
        else { return nil }
        self.members = members
    }

    /// The member as text; nil where it is absent, null, empty, zero or false.
    func text(_ name: String) -> String? {
        switch members[name] {
        case let text as String where !text.isEmpty: text
        case let number as NSNumber where number != 0: number.stringValue
        default: nil
        }
    }
}

/// Now, as the field's servers write it.
func timestamp() -> String { Date().formatted(.iso8601) }
