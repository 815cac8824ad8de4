/// Values of messages by what they say, however they are spelled: strings with their escapes resolved, numbers by their
/// digits and exponent, arrays and objects without the white space between their parts. `1` is not `"1"`.
package enum JSONContent {
    /// Arrays and objects of more bytes are compared byte for byte.
    static let longestContainer = 1024

    /// The name of a JSON value in tables: equal for two values just when `JSONString.same` says that they are.
    /// A string without escapes is its own.
    package static func key(_ json: [UInt8]) -> [UInt8] {
        switch kind(of: json) {
        case .string: json.contains(UInt8(ascii: "\\")) ? plain(json.span) : json
        case .object, .array: json.count > longestContainer ? json : plain(json.span)
        case .number: plain(json.span)
        case .true, .false, .null: json
        }
    }

    /// The kind of a JSON value, by its first byte.
    static func kind(of json: [UInt8]) -> JSONKind {
        switch json.first {
        case UInt8(ascii: "\"")?: .string
        case UInt8(ascii: "{")?: .object
        case UInt8(ascii: "[")?: .array
        case UInt8(ascii: "t")?: .true
        case UInt8(ascii: "f")?: .false
        case UInt8(ascii: "n")?: .null
        default: .number
        }
    }

    /// Whether two values of one kind, other than strings, say the same though their bytes differ.
    static func areAlike(_ a: Span<UInt8>, _ av: JSONValue, _ b: Span<UInt8>, _ bv: JSONValue) -> Bool {
        switch av.kind {
        case .true, .false, .null: return true
        case .string: return false
        case .number:
            guard let one = JSONNumber(a, av.start, av.end), let two = JSONNumber(b, bv.start, bv.end) else {
                return false
            }
            return one.equals(a, two, b)
        case .object, .array:
            guard max(av.end &- av.start, bv.end &- bv.start) <= longestContainer else { return false }
            return plain(a.extracting(av.start..<av.end)) == plain(b.extracting(bv.start..<bv.end))
        }
    }

    /// Whether every JSON library gives the value back as it got it: no string in it holds U+0000 or half of a pair of
    /// surrogates. Both can only be written as escapes.
    static func canReturn(_ bytes: Span<UInt8>, _ value: JSONValue) -> Bool {
        guard bytes.covers(value.start, value.end) else { return false }
        var index = value.start
        while index < value.end {
            guard bytes.byte(at: index) == UInt8(ascii: "\\") else {
                index &+= 1
                continue
            }
            guard bytes.byte(at: index &+ 1) == UInt8(ascii: "u") else {
                index &+= 2
                continue
            }
            let unit = Unescaped.unit(bytes, index &+ 2)
            index &+= 6
            if unit == 0 || unit & 0xFC00 == 0xDC00 { return false }
            guard unit & 0xFC00 == 0xD800 else { continue }
            guard bytes.byte(at: index) == UInt8(ascii: "\\"), bytes.byte(at: index &+ 1) == UInt8(ascii: "u"),
                Unescaped.unit(bytes, index &+ 2) & 0xFC00 == 0xDC00
            else { return false }
            index &+= 6
        }
        return true
    }

    /// A well-formed value in the one spelling that stands for all of its spellings.
    private static func plain(_ json: Span<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(json.count)
        var index = 0
        while index < json.count {
            let byte = json.byte(at: index)
            switch byte {
            case UInt8(ascii: "\""):
                let end = JSONScanner.string(json, index &+ 1)
                guard end.good else { return JSONString.copy(json, 0, json.count) }
                JSONString.appendQuoted(JSONString.unescaped(json, index &+ 1..<end.index &- 1), to: &result)
                index = end.index
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                var end = index &+ 1
                while JSONNumber.mayContain(json.byte(at: end)) { end &+= 1 }
                if let number = JSONNumber(json, index, end) {
                    number.append(json, to: &result)
                } else {
                    for place in index..<end { result.append(json.byte(at: place)) }
                }
                index = end
            default:
                if !JSONScanner.isSpace(byte) { result.append(byte) }
                index &+= 1
            }
        }
        return result
    }
}

/// A number as its sign, its digits without the zeros at either end, and the power of ten of the last one.
struct JSONNumber {
    /// Longer ones, and exponents of more digits, are compared byte for byte.
    static let longest = 128
    static let longestExponent = 9

    private var isNegative = false
    /// From the first digit that is no zero to the last; a point may stand between them. Empty for zero.
    private var first = 0
    private var end = 0
    private var exponent = 0

    static func mayContain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"),
            UInt8(ascii: "+"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// Reads a well-formed number from `start` to `stop`; nil where that is too long to be anything but its bytes.
    init?(_ bytes: Span<UInt8>, _ start: Int, _ stop: Int) {
        guard start < stop, stop &- start <= JSONNumber.longest else { return nil }
        var index = start
        let isBelowZero = bytes.byte(at: index) == UInt8(ascii: "-")
        if isBelowZero { index &+= 1 }
        var (isFraction, hasDigit) = (false, false)
        var (fraction, zeros) = (0, 0)
        while index < stop {
            let byte = bytes.byte(at: index)
            if byte == UInt8(ascii: ".") {
                isFraction = true
            } else if byte &- 48 < 10 {
                if isFraction { fraction &+= 1 }
                if byte != UInt8(ascii: "0") {
                    if !hasDigit { first = index }
                    hasDigit = true
                    end = index &+ 1
                    zeros = 0
                } else {
                    zeros &+= 1
                }
            } else {
                break
            }
            index &+= 1
        }
        guard let power = JSONNumber.power(bytes, index, stop) else { return nil }
        // Zero has no sign and no magnitude.
        guard hasDigit else { return }
        isNegative = isBelowZero
        exponent = power &- fraction &+ zeros
    }

    /// The exponent from its letter on; 0 where there is none, nil where it is too long.
    private static func power(_ bytes: Span<UInt8>, _ start: Int, _ stop: Int) -> Int? {
        var index = start &+ 1
        let isNegative = bytes.byte(at: index) == UInt8(ascii: "-")
        if isNegative || bytes.byte(at: index) == UInt8(ascii: "+") { index &+= 1 }
        var power = 0
        var digits = 0
        while index < stop {
            power = power &* 10 &+ Int(bytes.byte(at: index) &- 48)
            if power > 0 { digits &+= 1 }
            if digits > longestExponent { return nil }
            index &+= 1
        }
        return isNegative ? -power : power
    }

    /// Whether both are the same number, each with the bytes that it was read from.
    func equals(_ bytes: Span<UInt8>, _ other: JSONNumber, _ otherBytes: Span<UInt8>) -> Bool {
        guard isNegative == other.isNegative, exponent == other.exponent else { return false }
        var (one, two) = (first, other.first)
        while true {
            if one < end, bytes.byte(at: one) == UInt8(ascii: ".") { one &+= 1 }
            if two < other.end, otherBytes.byte(at: two) == UInt8(ascii: ".") { two &+= 1 }
            guard one < end, two < other.end else { return one >= end && two >= other.end }
            if bytes.byte(at: one) != otherBytes.byte(at: two) { return false }
            one &+= 1
            two &+= 1
        }
    }

    /// Appends the one spelling that stands for all others.
    func append(_ bytes: Span<UInt8>, to target: inout [UInt8]) {
        if isNegative { target.append(UInt8(ascii: "-")) }
        if first == end { target.append(UInt8(ascii: "0")) }
        for index in first..<end where bytes.byte(at: index) != UInt8(ascii: ".") {
            target.append(bytes.byte(at: index))
        }
        if exponent != 0 { target += Array("e\(exponent)".utf8) }
    }
}
