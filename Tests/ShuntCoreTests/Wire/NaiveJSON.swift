/// A small JSON reader after RFC 8259, one function per rule of the grammar and by recursion: slow, plain, and with
/// nothing in common with the scanner that it checks. Values keep their bytes; names are unescaped.
indirect enum NaiveJSON: Equatable {
    case object([Member])
    case array([NaiveJSON])
    /// The UTF-16 units that the string means.
    case string([UInt16])
    /// Numbers, `true`, `false` and `null`, as they are written.
    case other([UInt8])

    struct Member: Equatable {
        var name: [UInt16]
        var value: NaiveJSON
        /// The bytes of the value.
        var raw: [UInt8]
        /// The bytes of name, colon and value.
        var whole: [UInt8]
    }

    /// Nil when the bytes are no JSON text.
    init?(_ bytes: [UInt8]) {
        var reader = Reader(bytes: bytes)
        reader.space()
        guard let value = reader.value() else { return nil }
        reader.space()
        guard reader.index == bytes.count else { return nil }
        self = value
    }

    /// The members of an object, nil for any other value.
    var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// How deep arrays and objects lie in each other.
    var depth: Int {
        switch self {
        case .object(let members): 1 + (members.map(\.value.depth).max() ?? 0)
        case .array(let values): 1 + (values.map(\.depth).max() ?? 0)
        default: 0
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        var next: UInt8? { index < bytes.count ? bytes[index] : nil }

        mutating func space() {
            while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { index += 1 }
        }

        mutating func take(_ text: String) -> Bool {
            guard bytes[index...].starts(with: Array(text.utf8)) else { return false }
            index += text.utf8.count
            return true
        }

        mutating func value() -> NaiveJSON? {
            let start = index
            switch next {
            case UInt8(ascii: "{"): return object()
            case UInt8(ascii: "["): return array()
            case UInt8(ascii: "\""): return string().map { .string($0) }
            case UInt8(ascii: "t"): return take("true") ? .other(utf8("true")) : nil
            case UInt8(ascii: "f"): return take("false") ? .other(utf8("false")) : nil
            case UInt8(ascii: "n"): return take("null") ? .other(utf8("null")) : nil
            default: return number() ? .other(Array(bytes[start..<index])) : nil
            }
        }

        mutating func object() -> NaiveJSON? {
            index += 1
            var members: [Member] = []
            space()
            if take("}") { return .object([]) }
            while true {
                space()
                let start = index
                guard next == UInt8(ascii: "\""), let name = string() else { return nil }
                space()
                guard take(":") else { return nil }
                space()
                let valueStart = index
                guard let value = value() else { return nil }
                members.append(
                    Member(
                        name: name, value: value, raw: Array(bytes[valueStart..<index]),
                        whole: Array(bytes[start..<index])))
                space()
                if take("}") { return .object(members) }
                guard take(",") else { return nil }
            }
        }

        mutating func array() -> NaiveJSON? {
            index += 1
            var values: [NaiveJSON] = []
            space()
            if take("]") { return .array([]) }
            while true {
                space()
                guard let value = value() else { return nil }
                values.append(value)
                space()
                if take("]") { return .array(values) }
                guard take(",") else { return nil }
            }
        }

        mutating func string() -> [UInt16]? {
            index += 1
            var units: [UInt16] = []
            var plain: [UInt8] = []
            while let byte = next {
                if byte != UInt8(ascii: "\\") {
                    index += 1
                    if byte == UInt8(ascii: "\"") { return units + Array(String(decoding: plain, as: UTF8.self).utf16) }
                    if byte < 0x20 { return nil }
                    plain.append(byte)
                    continue
                }
                units += Array(String(decoding: plain, as: UTF8.self).utf16)
                plain = []
                index += 1
                guard let kind = next else { return nil }
                index += 1
                switch kind {
                case UInt8(ascii: "b"): units.append(8)
                case UInt8(ascii: "f"): units.append(12)
                case UInt8(ascii: "n"): units.append(10)
                case UInt8(ascii: "r"): units.append(13)
                case UInt8(ascii: "t"): units.append(9)
                case UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "\""): units.append(UInt16(kind))
                case UInt8(ascii: "u"):
                    guard index + 4 <= bytes.count else { return nil }
                    let digits = String(decoding: bytes[index..<index + 4], as: UTF8.self)
                    guard digits.allSatisfy(\.isHexDigit), digits.utf8.count == 4, let unit = UInt16(digits, radix: 16)
                    else { return nil }
                    units.append(unit)
                    index += 4
                default: return nil
                }
            }
            return nil
        }

        mutating func number() -> Bool {
            _ = take("-")
            if !take("0") {
                guard let first = next, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first), digits() else {
                    return false
                }
            }
            if take("."), !digits() { return false }
            if take("e") || take("E") {
                if !take("+") { _ = take("-") }
                return digits()
            }
            return true
        }

        mutating func digits() -> Bool {
            let start = index
            while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
            return index > start
        }
    }
}
