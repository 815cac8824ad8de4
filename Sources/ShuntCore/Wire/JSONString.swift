/// Strings of a message against strings in memory, and strings made. A `JSONValue` that does not lie in its bytes
/// equals nothing and has no content.
package enum JSONString {
    /// Whether the value is a string whose content is `text`.
    package static func equals(_ bytes: Span<UInt8>, _ value: JSONValue, _ text: [UInt8]) -> Bool {
        guard let content = range(bytes, value) else { return false }
        if !value.mayEscape {
            return content.count == text.count
                && bytes.hasEqual(text.count, at: content.lowerBound, to: text.span, at: 0)
        }
        var left = Unescaped(content)
        for byte in text where left.next(bytes) != Int(byte) { return false }
        return left.next(bytes) < 0
    }

    /// Whether the value is a string whose content begins with `text`.
    package static func hasPrefix(_ bytes: Span<UInt8>, _ value: JSONValue, _ text: [UInt8]) -> Bool {
        guard let content = range(bytes, value) else { return false }
        if !value.mayEscape {
            return content.count >= text.count
                && bytes.hasEqual(text.count, at: content.lowerBound, to: text.span, at: 0)
        }
        var left = Unescaped(content)
        for byte in text where left.next(bytes) != Int(byte) { return false }
        return true
    }

    /// Whether two values say the same: strings with their escapes resolved (`"\u00e9"` is `é`), numbers by their
    /// digits and exponent (`1.0` is `1`), arrays and objects whatever white space is in them.
    ///
    /// Most values that are the same are spelled alike, which is asked first.
    package static func same(
        _ a: Span<UInt8>, _ av: JSONValue, _ b: Span<UInt8>, _ bv: JSONValue
    ) -> Bool {
        guard av.kind == bv.kind, a.covers(av.start, av.end), b.covers(bv.start, bv.end) else { return false }
        let count = av.end &- av.start
        if count == bv.end &- bv.start, a.hasEqual(count, at: av.start, to: b, at: bv.start) { return true }
        guard av.kind == .string else { return JSONContent.areAlike(a, av, b, bv) }
        guard av.mayEscape || bv.mayEscape, let left = range(a, av), let right = range(b, bv) else { return false }
        var one = Unescaped(left)
        var two = Unescaped(right)
        while true {
            let byte = one.next(a)
            if byte != two.next(b) { return false }
            if byte < 0 { return true }
        }
    }

    /// The content of a string as UTF-8: a lone surrogate becomes U+FFFD. The bytes themselves for any other kind.
    package static func content(_ bytes: Span<UInt8>, _ value: JSONValue) -> [UInt8] {
        guard value.kind == .string else {
            return bytes.covers(value.start, value.end) ? copy(bytes, value.start, value.end) : []
        }
        guard let content = range(bytes, value) else { return [] }
        return value.mayEscape
            ? unescaped(bytes, content, replacing: true) : copy(bytes, content.lowerBound, content.upperBound)
    }

    /// Appends `text` as a JSON string: quotes, backslashes and control characters are escaped, all else stays.
    /// `text` is taken to be UTF-8.
    package static func appendQuoted(_ text: [UInt8], to target: inout [UInt8]) {
        target.append(UInt8(ascii: "\""))
        appendEscaped(text, to: &target)
        target.append(UInt8(ascii: "\""))
    }

    /// Appends `text` as it stands inside of a JSON string.
    package static func appendEscaped(_ text: [UInt8], to target: inout [UInt8]) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                target.append(UInt8(ascii: "\\"))
                target.append(byte)
            case 0x0A: target.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
            case 0x0D: target.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
            case 0x09: target.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
            case 0..<0x20:
                target.append(contentsOf: Array("\\u00".utf8))
                target.append(byte < 16 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
                let low = byte & 15
                target.append(low < 10 ? low &+ UInt8(ascii: "0") : low &+ 87)
            default: target.append(byte)
            }
        }
    }

    /// The content of a string as it is compared.
    ///
    /// - Parameter replacing: a lone surrogate becomes U+FFFD, for people; else what equals only itself (`Unescaped`).
    static func unescaped(_ bytes: Span<UInt8>, _ content: Range<Int>, replacing: Bool = false) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(content.count)
        var left = Unescaped(content, replacing: replacing)
        while true {
            let byte = left.next(bytes)
            if byte < 0 { return result }
            result.append(UInt8(truncatingIfNeeded: byte))
        }
    }

    /// The bytes between the quotes; nil when the value is no string within `bytes`.
    @inline(__always)
    static func range(_ bytes: Span<UInt8>, _ value: JSONValue) -> Range<Int>? {
        guard value.kind == .string, bytes.covers(value.start, value.end), value.end &- value.start >= 2 else {
            return nil
        }
        return value.start &+ 1..<value.end &- 1
    }

    static func copy(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> [UInt8] {
        unsafe bytes.withUnsafeBufferPointer { unsafe Array($0[start..<end]) }
    }
}

/// The bytes that a string's content means, one after the other. Of a lone surrogate it makes the three bytes that a
/// generalised UTF-8 would have, which no valid text contains, so that it equals only itself; or U+FFFD.
struct Unescaped {
    private var index: Int
    private let end: Int
    private let replacing: Bool
    /// Bytes of a character that are still to be given, the next one lowest.
    private var waiting: UInt32 = 0
    private var waitingCount = 0

    init(_ content: Range<Int>, replacing: Bool = false) {
        index = content.lowerBound
        end = content.upperBound
        self.replacing = replacing
    }

    /// The next byte, or -1 at the end.
    mutating func next(_ bytes: Span<UInt8>) -> Int {
        if waitingCount > 0 {
            let byte = Int(waiting & 0xFF)
            waiting &>>= 8
            waitingCount &-= 1
            return byte
        }
        guard index < end else { return -1 }
        let byte = bytes.byte(at: index)
        guard byte == UInt8(ascii: "\\") else {
            index &+= 1
            return Int(byte)
        }
        let kind = bytes.byte(at: index &+ 1)
        index &+= 2
        switch kind {
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "f"): return 12
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "u"): break
        default: return Int(kind)
        }
        var code = Unescaped.unit(bytes, index)
        index &+= 4
        if code & 0xFC00 == 0xD800, index &+ 6 <= end, bytes.byte(at: index) == UInt8(ascii: "\\"),
            bytes.byte(at: index &+ 1) == UInt8(ascii: "u")
        {
            let low = Unescaped.unit(bytes, index &+ 2)
            if low & 0xFC00 == 0xDC00 {
                code = 0x10000 &+ ((code & 0x3FF) &<< 10 | low & 0x3FF)
                index &+= 6
            }
        }
        if replacing && code & 0xFFFF_F800 == 0xD800 { code = 0xFFFD }
        return encode(code)
    }

    /// The four hexadecimal digits from `index`.
    static func unit(_ bytes: Span<UInt8>, _ index: Int) -> UInt32 {
        var code: UInt32 = 0
        for offset in 0..<4 {
            let digit = JSONScanner.hexDigit(bytes.byte(at: index &+ offset))
            code = code &<< 4 | UInt32(truncatingIfNeeded: max(0, digit))
        }
        return code
    }

    /// Gives the first byte of a character and keeps the others.
    private mutating func encode(_ code: UInt32) -> Int {
        let last = 0x80 | code & 0x3F
        let third = 0x80 | code &>> 6 & 0x3F
        if code < 0x80 { return Int(code) }
        if code < 0x800 {
            (waiting, waitingCount) = (last, 1)
            return Int(0xC0 | code &>> 6)
        }
        if code < 0x10000 {
            (waiting, waitingCount) = (third | last &<< 8, 2)
            return Int(0xE0 | code &>> 12)
        }
        (waiting, waitingCount) = ((0x80 | code &>> 12 & 0x3F) | third &<< 8 | last &<< 16, 3)
        return Int(0xF0 | code &>> 18)
    }
}
