import ShuntCore
import ShuntTesting
import Testing

@Suite struct JSONStringTests {
    /// The one value of a message, with its bytes.
    private func value(_ json: String) -> (bytes: [UInt8], value: JSONValue) {
        let bytes = utf8("{\"v\": \(json) }")
        var envelope = Envelope()
        _ = envelope.scan(bytes.span, for: KeySet(["v"]), nesting: 9, early: false)
        return (bytes, envelope.value(0) ?? JSONValue(kind: .null, start: 0, end: 0))
    }

    private func equals(_ json: String, _ text: String) -> Bool {
        let (bytes, value) = value(json)
        return JSONString.equals(bytes.span, value, utf8(text))
    }
    private func hasPrefix(_ json: String, _ text: String) -> Bool {
        let (bytes, value) = value(json)
        return JSONString.hasPrefix(bytes.span, value, utf8(text))
    }
    private func same(_ one: String, _ two: String) -> Bool {
        let (left, leftValue) = value(one)
        let (right, rightValue) = value(two)
        return JSONString.same(left.span, leftValue, right.span, rightValue)
    }
    private func content(_ json: String) -> String {
        let (bytes, value) = value(json)
        return String(decoding: JSONString.content(bytes.span, value), as: UTF8.self)
    }

    static let contents: [(String, String)] = [
        (#""""#, ""), (#""guide""#, "guide"), (#""gu\u0069de""#, "guide"), (#""\u00e9""#, "é"), (#""é""#, "é"),
        (#""\u00E9\u20ac\ud83d\ude00""#, "é€😀"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u0000""#, "\u{0}"),
        (
            #""a long text without any escape, more than sixteen bytes""#,
            "a long text without any escape, more than sixteen bytes"
        ),
        (#""\ud800""#, "\u{FFFD}"), (#""\ud800x""#, "\u{FFFD}x"), (#""\udc00\ud800""#, "\u{FFFD}\u{FFFD}"),
        (#""\ud800\ud83d\ude00""#, "\u{FFFD}😀"), (#""\uFFFF""#, "\u{FFFF}"),
    ]

    @Test func `content is what the string means`() {
        for (json, text) in Self.contents { #expect(content(json) == text, "\(json)") }
        #expect(content("17") == "17")
        #expect(content("null") == "null")
    }

    @Test func `a string equals what it means, and nothing else`() {
        for (json, text) in Self.contents where !text.contains("\u{FFFD}") {
            #expect(equals(json, text), "\(json)")
            #expect(!equals(json, text + "x"), "\(json)")
            #expect(text.isEmpty || !equals(json, String(text.dropLast())), "\(json)")
            #expect(hasPrefix(json, text))
            #expect(hasPrefix(json, String(text.prefix(1))))
            #expect(hasPrefix(json, ""))
            #expect(!hasPrefix(json, text + "x"))
        }
        #expect(!equals("17", "17"))
        #expect(!equals("null", ""))
        #expect(!hasPrefix("17", ""))
        #expect(!equals(#""\ud800""#, "\u{FFFD}"))
        #expect(hasPrefix(#""Internal error: \u00e9""#, "Internal error:"))
        #expect(hasPrefix(#""\u0049nternal error: x""#, "Internal error:"))
    }

    @Test func `values are the same by what they mean`() {
        #expect(same(#""\u00e9""#, #""é""#))
        #expect(same(#""é""#, #""é""#))
        #expect(same(#""\ud83d\ude00""#, #""😀""#))
        #expect(same(#""\/""#, #""/""#))
        #expect(!same(#""a""#, #""b""#))
        #expect(!same(#""a""#, #""ab""#))
        #expect(!same(#""\u0061b""#, #""a""#))
        #expect(!same(#""\ud800""#, #""\ud801""#))
        #expect(!same(#""\ud800""#, #""\ufffd""#))
        #expect(same("17", "17"))
        #expect(same("17", "17.0"))
        #expect(!same("17", #""17""#))
        #expect(same("null", "null"))
        #expect(!same("true", "false"))
        #expect(same(#"{"a":1}"#, #"{"a":1}"#))
    }

    @Test func `a value that is not in its bytes equals nothing`() {
        let bytes = utf8(#""ab""#)
        for (start, end) in [(-1, 4), (0, 5), (3, 2), (0, 1), (Int.max, Int.max), (Int.min, Int.max)] {
            for mayEscape in [true, false] {
                let value = JSONValue(kind: .string, start: start, end: end, mayEscape: mayEscape)
                let equal = JSONString.equals(bytes.span, value, utf8("ab"))
                let begins = JSONString.hasPrefix(bytes.span, value, [])
                let same = JSONString.same(bytes.span, value, bytes.span, value)
                #expect(!equal && !begins)
                #expect(!same || (start == 0 && end == 1))
                #expect(JSONString.content(bytes.span, value).isEmpty)
            }
        }
    }

    @Test func `a quoted text reads back as itself`() {
        var random = Dice(seed: 9)
        for _ in 0..<500 {
            let text = String(
                String.UnicodeScalarView(
                    (0..<random.below(40)).map { _ in
                        Unicode.Scalar(UInt32(random.chance(1, in: 2) ? random.below(0x80) : random.below(0x11_0000)))
                            ?? "x"
                    }))
            var quoted: [UInt8] = []
            JSONString.appendQuoted(utf8(text), to: &quoted)
            #expect(NaiveJSON(quoted) == .string(Array(text.utf16)))
            #expect(content(String(decoding: quoted, as: UTF8.self)) == text)
        }
        var quoted: [UInt8] = []
        JSONString.appendQuoted(utf8("\u{1}\u{1F}\n\r\t\"\\/é"), to: &quoted)
        #expect(String(decoding: quoted, as: UTF8.self) == #""\u0001\u001f\n\r\t\"\\/é""#)
    }
}

/// Values compare by what they say: held to a naive reader of numbers and strings.
@Suite struct `Content of values` {
    private func same(_ one: String, _ two: String) -> Bool {
        let bytes = utf8("{\"a\":\(one),\"b\":\(two)}")
        var envelope = Envelope()
        #expect(envelope.scan(bytes.span, for: KeySet(["a", "b"]), nesting: 9, early: false) == .object)
        guard let left = envelope.value(0), let right = envelope.value(1) else { return false }
        let same = JSONString.same(bytes.span, left, bytes.span, right)
        #expect(same == (JSONContent.key(utf8(one)) == JSONContent.key(utf8(two))), "\(one) and \(two)")
        return same
    }

    private static let long = String(repeating: "1", count: 130)

    @Test(
        arguments: [
            ("1", "1.0"), ("1", "1e0"), ("1", "10e-1"), ("1", "0.1E+1"), ("100", "1e2"), ("-0", "0"), ("0", "0.00e99"),
            ("0.001", "1e-3"), ("123456789012345678901234567890", "123456789012345678901234567890.0"),
            ("1.50", "1.5"), (long, long), ("true", "true"), ("null", "null"), (#""\u0041""#, #""A""#),
            (#""\"""#, #""\u0022""#), (#""\ud83d\ude00""#, #""😀""#), ("[ 1 , 2 ]", "[1.0,2]"),
            (#"{"a" : "\/"}"#, #"{"\u0061":"/"}"#),
        ])
    func `these are the same`(one: String, two: String) { #expect(same(one, two)) }

    @Test(
        arguments: [
            ("1", "2"), ("1", "-1"), ("1", "10"), ("1", "\"1\""), ("100000000000000000000", "100000000000000000001"),
            ("9007199254740993", "9007199254740992"), (long, long + ".0"), ("1e1000000000", "1e1000000001"),
            ("true", "false"), ("null", "0"), (#""a""#, #""A""#), (#""\ud800""#, #""\ufffd""#), ("[1,2]", "[12]"),
            (#"["a","b"]"#, #"["a\",\"b"]"#), (#""""#, "[]"), ("1.01", "1.1"), ("10.1", "1.01"),
        ])
    func `these are not`(one: String, two: String) { #expect(!same(one, two)) }
}
