/// Builds the texts of the simulated clients and backends: members in a given order, values given as JSON text.
package struct JSONWriter {
    package private(set) var members: [JSONMember] = []
    /// How the text looks; the meaning stays the same.
    package var spaced = false
    /// Keys that are written with an escape in place of their first underscore.
    package var escapedKeys: Set<String> = []

    package init() {}

    package mutating func add(_ key: String, raw value: String) {
        members.append(JSONMember(key: key, value: Array(value.utf8)))
    }

    package mutating func add(_ key: String, raw value: [UInt8]) { members.append(JSONMember(key: key, value: value)) }

    package mutating func add(_ key: String, _ text: String) { add(key, raw: JSONWriter.quoted(text)) }

    /// A random order of the members, duplicates kept in theirs.
    package mutating func shuffle(_ dice: inout Dice) {
        var keys: [String] = []
        for member in members where !keys.contains(member.key) { keys.append(member.key) }
        guard keys.count == members.count else { return }
        members.shuffle(using: &dice)
    }

    package var bytes: [UInt8] {
        var text: [UInt8] = [UInt8(ascii: "{")]
        for (index, member) in members.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            if spaced { text += [0x0A, 0x20] }
            text += writtenKey(member.key)
            if spaced { text.append(0x20) }
            text.append(UInt8(ascii: ":"))
            if spaced { text.append(0x09) }
            text += member.value
        }
        if spaced { text.append(0x0D) }
        text.append(UInt8(ascii: "}"))
        return text
    }

    private func writtenKey(_ key: String) -> [UInt8] {
        guard escapedKeys.contains(key), let place = key.firstIndex(of: "_") else { return Array("\"\(key)\"".utf8) }
        return Array("\"\(key[..<place])\\u005f\(key[key.index(after: place)...])\"".utf8)
    }

    /// The text as a JSON string: quotes, backslashes and control characters escaped.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\u{0}": result += "\\u0000"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
