/// A member of a JSON object as it stands in the text: the key unescaped, the value byte for byte.
package struct JSONMember: Equatable, Sendable {
    package let key: String
    package let value: [UInt8]

    package init(key: String, value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

/// A small recursive JSON reader (RFC 8259), on purpose nothing like the core's scanner: it judges what that produced.
package struct JSONReader {
    private let bytes: [UInt8]
    private var at = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The top-level members in order, duplicates included; nil when the text is no well-formed object.
    package static func members(of bytes: [UInt8]) -> [JSONMember]? {
        var reader = JSONReader(bytes)
        reader.skipSpace()
        guard reader.peek == UInt8(ascii: "{"), let members = reader.object(depth: 0) else { return nil }
        reader.skipSpace()
        return reader.at == bytes.count ? members : nil
    }

    /// The text that a JSON string value stands for; nil when the value is no string.
    package static func string(of value: [UInt8]) -> String? {
        var reader = JSONReader(value)
        guard let text = reader.string(), reader.at == value.count else { return nil }
        return text
    }

    /// The whole number that a value is; nil when it is none.
    package static func integer(of value: [UInt8]) -> Int? { Int(String(decoding: value, as: UTF8.self)) }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        at += 1
        return true
    }

    private mutating func object(depth: Int) -> [JSONMember]? {
        guard depth < 500, take(UInt8(ascii: "{")) else { return nil }
        var members: [JSONMember] = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return members }
        while true {
            skipSpace()
            guard let key = string() else { return nil }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { return nil }
            skipSpace()
            let start = at
            guard skipValue(depth: depth + 1) else { return nil }
            members.append(JSONMember(key: key, value: Array(bytes[start..<at])))
            skipSpace()
            if take(UInt8(ascii: "}")) { return members }
            guard take(UInt8(ascii: ",")) else { return nil }
        }
    }

    private mutating func array(depth: Int) -> Bool {
        guard depth < 500, take(UInt8(ascii: "[")) else { return false }
        skipSpace()
        if take(UInt8(ascii: "]")) { return true }
        while true {
            skipSpace()
            guard skipValue(depth: depth + 1) else { return false }
            skipSpace()
            if take(UInt8(ascii: "]")) { return true }
            guard take(UInt8(ascii: ",")) else { return false }
        }
    }

    private mutating func skipValue(depth: Int) -> Bool {
        switch peek {
        case UInt8(ascii: "{"): return object(depth: depth) != nil
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return string() != nil
        case UInt8(ascii: "t"): return word("true")
        case UInt8(ascii: "f"): return word("false")
        case UInt8(ascii: "n"): return word("null")
        default: return number()
        }
    }

    private mutating func word(_ text: StaticString) -> Bool {
        let letters = Array(text.description.utf8)
        guard bytes.count - at >= letters.count, Array(bytes[at..<at + letters.count]) == letters else { return false }
        at += letters.count
        return true
    }

    private mutating func digits() -> Int {
        let start = at
        while let byte = peek, byte >= 0x30, byte <= 0x39 { at += 1 }
        return at - start
    }

    private mutating func number() -> Bool {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")), digits() == 0 { return false }
        if take(UInt8(ascii: ".")), digits() == 0 { return false }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            return digits() > 0
        }
        return true
    }

    private mutating func string() -> String? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        var text: [UInt8] = []
        while let byte = peek {
            at += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            if byte < 0x20 { return nil }
            if byte != UInt8(ascii: "\\") {
                text.append(byte)
                continue
            }
            guard let escaped = escape() else { return nil }
            text += escaped
        }
        return nil
    }

    private mutating func escape() -> [UInt8]? {
        guard let letter = peek else { return nil }
        at += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            guard let unit = hex() else { return nil }
            var units = [unit]
            if unit & 0xFC00 == 0xD800, bytes.count - at >= 6, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == 0x75 {
                at += 2
                guard let second = hex() else { return nil }
                units.append(second)
            }
            return Array(String(decoding: units, as: UTF16.self).utf8)
        default: return nil
        }
    }

    private mutating func hex() -> UInt16? {
        guard bytes.count - at >= 4 else { return nil }
        let value = UInt16(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
        at += 4
        return value
    }
}
