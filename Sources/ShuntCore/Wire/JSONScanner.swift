/// The grammar of RFC 8259 over bytes, without recursion: each function takes the place where something begins and
/// gives the place behind it. Names are resolved and members remembered by `Envelope`.
///
/// Strings are taken as they are but for control characters and bad escapes: that they are UTF-8 was checked with the
/// frame. A lone surrogate (`"\ud800"`) is accepted, as the grammar has it.
enum JSONScanner {
    enum Status: UInt8 { case good, malformed, tooDeep }

    /// The end of a string: behind its closing quote, or at the byte that is wrong.
    struct StringEnd {
        var index: Int
        var escaped: Bool
        var good: Bool
    }

    /// The end of a value, or the byte that is wrong.
    struct ValueEnd {
        var index: Int
        var kind: JSONKind
        var escaped: Bool
        var status: Status

        @inline(__always)
        static func bad(_ index: Int, _ status: Status = .malformed) -> ValueEnd {
            ValueEnd(index: index, kind: .null, escaped: false, status: status)
        }
    }

    /// The first byte at or behind `index` that is no white space; `bytes.count` at the end.
    @inline(__always)
    static func skipSpace(_ bytes: Span<UInt8>, _ index: Int) -> Int {
        var index = index
        while true {
            let byte = bytes.byte(at: index)
            if byte > 0x20 || !isSpace(byte) { return index }
            index &+= 1
        }
    }

    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// A string, from behind its opening quote.
    @inline(__always)
    static func string(_ bytes: Span<UInt8>, _ start: Int) -> StringEnd {
        var index = start
        var escaped = false
        while true {
            index = endOfPlain(bytes, index)
            let byte = bytes.byte(at: index)
            if byte == UInt8(ascii: "\"") { return StringEnd(index: index &+ 1, escaped: escaped, good: true) }
            guard byte == UInt8(ascii: "\\") else { return StringEnd(index: index, escaped: escaped, good: false) }
            escaped = true
            let next = escape(bytes, index)
            if next < 0 { return StringEnd(index: index, escaped: true, good: false) }
            index = next
        }
    }

    /// The first byte that is a quote, a backslash, a control character or the end.
    @inline(__always)
    static func endOfPlain(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        guard start &+ 16 <= bytes.count else { return endOfPlainAtTheEnd(bytes, start) }
        let lanes = lanesBeforeFirst(special(bytes.sixteen(at: start)))
        // Names and short values end here.
        return lanes < 16 ? start &+ lanes : endOfLongPlain(bytes, start &+ 16)
    }

    /// The same for long texts: by 32 bytes, as long as there is nothing in them.
    @inline(never)
    private static func endOfLongPlain(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index &+ 32 <= bytes.count {
            let both = special(bytes.sixteen(at: index)) .| special(bytes.sixteen(at: index &+ 16))
            if hasAny(both) { break }
            index &+= 32
        }
        while index &+ 16 <= bytes.count {
            let lanes = lanesBeforeFirst(special(bytes.sixteen(at: index)))
            index &+= lanes
            if lanes < 16 { return index }
        }
        return endOfPlainAtTheEnd(bytes, index)
    }

    /// The same for the last bytes of a message, which fill no vector: once more over the last sixteen.
    private static func endOfPlainAtTheEnd(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        let base = bytes.count &- 16
        guard base >= 0, start < bytes.count else {
            var index = start
            while true {
                let byte = bytes.byte(at: index)
                if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
                index &+= 1
            }
        }
        let known = SIMD16<UInt8>(repeating: UInt8(truncatingIfNeeded: start &- base))
        return base &+ lanesBeforeFirst(special(bytes.sixteen(at: base)) .& (laneNumbers .>= known))
    }

    /// Quotes, backslashes and control characters.
    @inline(__always)
    private static func special(_ part: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
        (part .== SIMD16(repeating: UInt8(ascii: "\""))) .| (part .== SIMD16(repeating: UInt8(ascii: "\\")))
            .| (part .< SIMD16(repeating: 0x20))
    }

    /// The place behind the escape at `index`, or -1 where it is none.
    private static func escape(_ bytes: Span<UInt8>, _ index: Int) -> Int {
        switch bytes.byte(at: index &+ 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return index &+ 2
        case UInt8(ascii: "u"):
            for offset in 2..<6 where hexDigit(bytes.byte(at: index &+ offset)) < 0 { return -1 }
            return index &+ 6
        default:
            return -1
        }
    }

    /// The value of a hexadecimal digit, or -1.
    @inline(__always)
    static func hexDigit(_ byte: UInt8) -> Int32 {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int32(byte) &- 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int32(byte) &- 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int32(byte) &- 55
        default: -1
        }
    }

    /// Any value that is no object and no array.
    @inline(__always)
    static func scalar(_ bytes: Span<UInt8>, _ index: Int) -> ValueEnd {
        switch bytes.byte(at: index) {
        case UInt8(ascii: "\""):
            let end = string(bytes, index &+ 1)
            return ValueEnd(
                index: end.index, kind: .string, escaped: end.escaped, status: end.good ? .good : .malformed)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return number(bytes, index)
        case UInt8(ascii: "t"): return word(bytes, index, 0x6575_7274, 4, .true)
        case UInt8(ascii: "f"): return word(bytes, index &+ 1, 0x6573_6C61, 4, .false)
        case UInt8(ascii: "n"): return word(bytes, index, 0x6C6C_756E, 4, .null)
        default: return .bad(index)
        }
    }

    /// A number, a word, an array or an object.
    @inline(never)
    static func notAString(_ bytes: Span<UInt8>, _ index: Int, depth: Int, nesting: Int) -> ValueEnd {
        let byte = bytes.byte(at: index)
        return byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
            ? container(bytes, index, depth: depth, nesting: nesting) : scalar(bytes, index)
    }

    /// `true`, `null`, or `false` from its second letter on.
    private static func word(
        _ bytes: Span<UInt8>, _ index: Int, _ letters: UInt64, _ count: Int, _ kind: JSONKind
    ) -> ValueEnd {
        guard bytes.upToEight(at: index, length: count) == letters else { return .bad(index) }
        return ValueEnd(index: index &+ count, kind: kind, escaped: false, status: .good)
    }

    private static func number(_ bytes: Span<UInt8>, _ start: Int) -> ValueEnd {
        var index = start
        if bytes.byte(at: index) == UInt8(ascii: "-") { index &+= 1 }
        if bytes.byte(at: index) == UInt8(ascii: "0") {
            index &+= 1
        } else if !digits(bytes, &index) {
            return .bad(index)
        }
        if bytes.byte(at: index) == UInt8(ascii: ".") {
            index &+= 1
            if !digits(bytes, &index) { return .bad(index) }
        }
        if bytes.byte(at: index) | 0x20 == UInt8(ascii: "e") {
            index &+= 1
            let sign = bytes.byte(at: index)
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { index &+= 1 }
            if !digits(bytes, &index) { return .bad(index) }
        }
        return ValueEnd(index: index, kind: .number, escaped: false, status: .good)
    }

    /// One or more digits.
    @inline(__always)
    private static func digits(_ bytes: Span<UInt8>, _ index: inout Int) -> Bool {
        let start = index
        while bytes.byte(at: index) &- 48 < 10 { index &+= 1 }
        return index > start
    }

    /// An object or array, whatever is in it.
    ///
    /// - Parameters:
    ///   - index: its opening bracket.
    ///   - depth: how many arrays and objects it lies in.
    ///   - nesting: how many may lie in each other.
    static func container(_ bytes: Span<UInt8>, _ start: Int, depth: Int, nesting: Int) -> ValueEnd {
        var index = start
        var open = BracketStack()
        let kind: JSONKind = bytes.byte(at: start) == UInt8(ascii: "{") ? .object : .array
        while true {
            // Here a value is expected.
            let byte = bytes.byte(at: index)
            var closed = false
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                if depth &+ open.count >= nesting { return .bad(index, .tooDeep) }
                let isObject = byte == UInt8(ascii: "{")
                open.push(isObject)
                index = skipSpace(bytes, index &+ 1)
                // The closing bracket is two above the opening one: `[` `]`, `{` `}`.
                if bytes.byte(at: index) == byte &+ 2 {
                    closed = true
                } else if isObject {
                    let value = memberName(bytes, index)
                    if value < 0 { return .bad(-value &- 1) }
                    index = value
                    continue
                } else {
                    continue
                }
            } else {
                let value = scalar(bytes, index)
                if value.status != .good { return value }
                index = value.index
            }
            // Here a value has ended, or the closing bracket of an empty one stands.
            while true {
                if !closed { index = skipSpace(bytes, index) }
                closed = false
                let byte = bytes.byte(at: index)
                if byte == UInt8(ascii: ",") {
                    index = skipSpace(bytes, index &+ 1)
                    guard open.topIsObject else { break }
                    let value = memberName(bytes, index)
                    if value < 0 { return .bad(-value &- 1) }
                    index = value
                    break
                }
                guard byte == (open.topIsObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return .bad(index) }
                index &+= 1
                open.pop()
                if open.count == 0 { return ValueEnd(index: index, kind: kind, escaped: false, status: .good) }
            }
        }
    }

    /// A member's name and colon: the place where its value begins, or `-(place of the error) - 1`.
    @inline(__always)
    private static func memberName(_ bytes: Span<UInt8>, _ index: Int) -> Int {
        guard bytes.byte(at: index) == UInt8(ascii: "\"") else { return -index &- 1 }
        let name = string(bytes, index &+ 1)
        guard name.good else { return -name.index &- 1 }
        let colon = skipSpace(bytes, name.index)
        guard bytes.byte(at: colon) == UInt8(ascii: ":") else { return -colon &- 1 }
        return skipSpace(bytes, colon &+ 1)
    }
}

/// Which brackets are open, one bit each: what a deep message costs is an eighth of its bytes, on the heap.
private struct BracketStack {
    private(set) var count = 0
    /// The innermost ones, the last in the lowest bit.
    private var top: UInt64 = 0
    /// Bits of the levels below, 64 in a word.
    private var below: [UInt64] = []

    @inline(__always)
    var topIsObject: Bool { top & 1 != 0 }

    @inline(__always)
    mutating func push(_ isObject: Bool) {
        if count & 63 == 0 && count > 0 { below.append(top) }
        top = top &<< 1 | (isObject ? 1 : 0)
        count &+= 1
    }

    @inline(__always)
    mutating func pop() {
        count &-= 1
        top &>>= 1
        if count & 63 == 0 && count > 0 { top = below.popLast() ?? 0 }
    }
}
