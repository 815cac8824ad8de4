/// A JSON object that is sent in answer to a message and repeats members of it: a string that is nothing but a path in
/// braces, `"{id}"` or `"{data.id}"`, stands for the value of that member, byte for byte and whatever its kind. Where the
/// message has no such member, the template's own member is left out; in a list `null` stands there.
package final class AnswerTemplate: Sendable {
    private enum Part: Sendable {
        case text([UInt8])
        /// An element of a list.
        case value(slot: Int)
        /// A member of an object: `label` is its comma, where it has one, its name and its colon.
        case member(label: [UInt8], slot: Int)
    }

    /// The members that are repeated, in the order of the template.
    package let paths: [String]
    /// The members that the message is scanned for; nil where nothing is repeated.
    let keys: KeySet?
    private let parts: [Part]

    /// - Parameter json: one JSON object. Of anything else it makes some text.
    package init(_ json: String) {
        let text = Array(json.utf8)
        var paths: [String] = []
        var found: [(range: Range<Int>, label: Int?, path: String)] = []
        var index = 0
        // Where the name of the member begins whose value comes next.
        var label: Int?
        while index < text.count {
            let start = index
            index += 1
            switch text[start] {
            case UInt8(ascii: "\""):
                index = Self.end(ofStringAt: start, in: text)
                if Self.next(in: text, from: index) == UInt8(ascii: ":") {
                    label = start
                } else {
                    if let path = Self.path(text[(start + 1)..<max(start + 1, index - 1)]) {
                        found.append((start..<index, label, path))
                        paths.append(path)
                    }
                    label = nil
                }
            case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","): label = nil
            default: break
            }
        }
        let keys = paths.isEmpty ? nil : KeySet(paths)
        var parts: [Part] = []
        var end = 0
        for place in found {
            let slot = keys?.slot(place.path) ?? 0
            if let label = place.label {
                let start = Self.start(ofLabelAt: label, in: text, notBefore: end)
                parts.append(.text(Array(text[end..<start])))
                parts.append(.member(label: Array(text[start..<place.range.lowerBound]), slot: slot))
            } else {
                parts.append(.text(Array(text[end..<place.range.lowerBound])))
                parts.append(.value(slot: slot))
            }
            end = place.range.upperBound
        }
        parts.append(.text(Array(text[end...])))
        self.paths = paths
        self.keys = keys
        self.parts = parts
    }

    /// Appends the answer to a message that `envelope` has just scanned for `keys`.
    func append(_ envelope: borrowing Envelope, _ bytes: Span<UInt8>, to target: inout [UInt8]) {
        // A member that was left out at the beginning of its object leaves the next one's comma without a use.
        var skipsComma = false
        func add(_ text: [UInt8]) {
            guard skipsComma, let first = text.first(where: { !Self.isSpace($0) }) else {
                return target.append(contentsOf: text)
            }
            skipsComma = false
            if first != UInt8(ascii: ",") { return target.append(contentsOf: text) }
            target.append(contentsOf: text.drop { Self.isSpace($0) }.dropFirst())
        }
        for part in parts {
            switch part {
            case .text(let text): add(text)
            case .value(let slot):
                if let value = envelope.value(slot) {
                    target.append(contentsOf: JSONString.copy(bytes, value.start, value.end))
                } else {
                    target.append(contentsOf: "null".utf8)
                }
            case .member(let label, let slot):
                if let value = envelope.value(slot) {
                    add(label)
                    target.append(contentsOf: JSONString.copy(bytes, value.start, value.end))
                } else if label.first == UInt8(ascii: "\"") {
                    skipsComma = true
                }
            }
        }
    }

    // MARK: Reading the template

    /// The path in braces that a string's content is; nil where it is anything else.
    private static func path(_ content: ArraySlice<UInt8>) -> String? {
        guard content.count > 2, content.first == UInt8(ascii: "{"), content.last == UInt8(ascii: "}") else {
            return nil
        }
        let word = content.dropFirst().dropLast()
        let isWord = word.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        let hasEmptyName = word.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).contains([])
        return isWord && !hasEmptyName ? String(decoding: word, as: UTF8.self) : nil
    }

    /// The place behind the closing quote.
    private static func end(ofStringAt start: Int, in text: [UInt8]) -> Int {
        var index = start + 1
        while index < text.count, text[index] != UInt8(ascii: "\"") {
            index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index + 1, text.count)
    }

    private static func next(in text: [UInt8], from index: Int) -> UInt8? { text[index...].first { !isSpace($0) } }

    /// The beginning of a member, with the comma in front of it.
    private static func start(ofLabelAt label: Int, in text: [UInt8], notBefore end: Int) -> Int {
        let before = text[end..<label].lastIndex { !isSpace($0) }
        if let before, text[before] == UInt8(ascii: ",") { return before }
        return label
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
}
