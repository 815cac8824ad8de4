import ShuntConfig
import Testing

/// Texts made to hurt: always a diagnostic, never a crash or a wait.
struct HostileTextTests {
    private func lines(_ bytes: [UInt8]) -> [String] {
        ConfigReader.read(bytes: bytes, file: "c", environment: [:]).diagnostics.map(\.description)
    }

    private func lines(_ text: String) -> [String] { lines(Array(text.utf8)) }

    @Test
    func `a NUL byte, a control character and wrong UTF-8 are told with their place`() {
        #expect(
            lines("log:\n  a\0b") == [
                "c:2:4: error: a NUL byte does not belong in a configuration file; is it really a text file?"
            ])
        #expect(
            lines("é\u{1B}") == [
                "c:1:2: error: the character U+001B does not belong in a configuration file; is it really a text file?"
            ])
        #expect(
            lines([0x61, 0x0A, 0x62, 0xC3, 0x28]) == [
                "c:2:2: error: the file is not valid UTF-8 from here on; save it as UTF-8"
            ])
        #expect(lines([0xFF, 0xFE, 0x61, 0x00]) == ["c:1:1: error: the file is UTF-16; save it as UTF-8"])
    }

    @Test
    func `a byte order mark and carriage returns do no harm`() {
        let text = "\u{FEFF}" + oneRoute.split(separator: "\n").joined(separator: "\r\n") + "\r\nlog: {levl: info}"
        #expect(lines(text) == ["c:3:7: error: log.levl: unknown key \"levl\"; did you mean \"level\"?"])
    }

    @Test
    func `a file of more than 1 MiB is refused, one of exactly that is read`() {
        let comment = [UInt8](repeating: UInt8(ascii: "#"), count: 4 << 20)
        #expect(lines(comment + [0x0A]).first?.hasPrefix("c:1:1: error: the file is larger than 4MiB") == true)
        #expect(lines(comment).first?.hasPrefix("c:1:1: error: the file is empty") == true)
    }

    @Test
    func `aliases that multiply are refused`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            let alias = "*a\(level - 1)"
            text += "a\(level): &a\(level) [\(Array(repeating: alias, count: 9).joined(separator: ", "))]\n"
        }
        #expect(
            lines(text) == [
                "c:1:1: error: the file unfolds to more than 300000 values; an alias (*name) that holds aliases "
                    + "multiplies: write less of it by aliases"
            ])
    }

    @Test(arguments: [
        "*a30 : x", "? *a30\n: x", "? [*a30]\n: x", "{*a30 : x}", "[*a30 : x]", "b: [*a30: x]", "{? *a30 : x}",
    ])
    func `an alias that multiplies is refused as a key, in whatever way it is written`(key: String) {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...30 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        text += key.hasPrefix("{") || key.hasPrefix("[") ? "k: \(key)\n" : "\(key)\n"
        let found = lines(text)
        #expect(!found.isEmpty && found.allSatisfy { $0.contains("error: ") })
    }

    @Test(arguments: [999, 1001, 200_000])
    func `deep nesting is read or refused, in flow and in block style`(depth: Int) {
        let opening = String(repeating: "[", count: depth)
        #expect(!lines("routes: " + opening + String(repeating: "]", count: depth)).isEmpty)
        #expect(!lines("routes: " + opening).isEmpty)
        #expect(!lines(String(repeating: "{a: ", count: depth)).isEmpty)
        #expect(!lines(String(repeating: "- ", count: depth) + "x").isEmpty)
        #expect(!lines(String(repeating: "? ", count: depth) + "x").isEmpty)
    }

    @Test
    func `a deep path of long keys does not fill the memory`() {
        var text = ""
        for level in 0..<900 { text += "{\(String(repeating: "k", count: 500))\(level): " }
        text += "1" + String(repeating: "}", count: 900)
        let found = lines("routes: {guide: {match: {agent_type: \(text)}}}")
        #expect(!found.isEmpty && found.allSatisfy { $0.utf8.count < 2000 })
    }

    @Test
    func `a text of nothing but braces takes no quadratic time`() {
        let braces = String(repeating: "{", count: 200_000)
        let text = """
            routes:
              "{a}": {values: {a: [b]}, match: {agent_type: "{a}\(braces)}"}, legacy: {upstream: "ws://a/\(braces)"}}
            """
        #expect(lines(text).count == 2)
    }

    @Test
    func `thousands of mistakes end in a bounded list`() {
        let keys = (0..<20_000).map { "key\($0): 1\n" }.joined()
        #expect(lines(keys + oneRoute).count == 1000)
    }

    @Test
    func `many repeated keys are all told in a file of usual size`() {
        let keys = (0..<20).map { "key\($0): 1\nkey\($0): 2\n" }.joined()
        let repeated = lines(keys + oneRoute).filter { $0.contains("comes again") }
        #expect(repeated.count == 20)
    }

    @Test(arguments: [
        "a: *", "*", "&", "a: &", "a: &a", "!!", "%YAML 9.9\n---\na: b", "a: |\n", "a: >-9\n b", "\"", "'",
        "a: \"\\x\"",
        "a: \"\\uD800\"", "? ", "- - -", "{", "}", "[", "]", ":", "a: b: c", "@", "`", "<<: *x", "<<: {<<: {<<: 1}}",
        "---",
        "...", "--- {}\n...\n--- {}", "\u{85}", "\u{2028}", "a: \"\\0\"", "~: 1", "{}: 1", "1: 2", "\u{E000}: \u{E001}",
        "a: &a\n  <<: *a\n", "*a*b*: 1", "a: '*", "\"a\": 1\n\"a\": 2", "'': 1\n'': 2", "\"\\x61\": 1\n\"a\": 2",
        "&x a: 1\na: 2", "{a: 1, a: 2}", "a:\n  b: 1\n b: 2",
    ])
    func `odd texts are refused with a diagnostic`(text: String) {
        let found = lines(text)
        #expect(!found.isEmpty)
        #expect(found.allSatisfy { $0.hasPrefix("c:") && !$0.contains("\n") })
    }
}
