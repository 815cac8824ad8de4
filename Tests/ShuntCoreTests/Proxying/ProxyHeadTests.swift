import ShuntCore
import Testing

/// What came of reading some bytes.
private enum Reading: Equatable {
    case unfinished
    case failed(ProxyHeadReader.Problem)
    /// The source as `host port`, empty without one, and how many bytes stand behind the head.
    case head(String, behind: Int)

    init(_ bytes: [UInt8], piece: Int = 100_000) {
        var reader = ProxyHeadReader()
        var start = 0
        while start < bytes.count {
            let part = Array(bytes[start..<min(bytes.count, start + piece)])
            var position = 0
            do throws(ProxyHeadReader.Problem) {
                let progress = try reader.read(part.span, at: &position)
                start += position
                if case .whole(let source) = progress {
                    self = .head(source.map { "\($0.host) \($0.port)" } ?? "", behind: bytes.count - start)
                    return
                }
            } catch {
                self = .failed(error)
                return
            }
        }
        self = .unfinished
    }
}

private let behind = Array("GET / HTTP/1.1\r\n".utf8)
private let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

/// A head of version 2. The length is that of the block unless it is said.
private func version2(_ command: UInt8, _ family: UInt8, _ block: [UInt8] = [], length: Int? = nil) -> [UInt8] {
    let length = length ?? block.count
    return signature + [command, family, UInt8(length >> 8), UInt8(length & 255)] + block
}

private let inet: [UInt8] = [192, 0, 2, 1, 10, 0, 0, 1, 0xDB, 0xA0, 0x01, 0xBB]
private let inet6: [UInt8] =
    [0x20, 0x01, 0x0D, 0xB8] + Array(repeating: 0, count: 11) + [7] + Array(repeating: 9, count: 16) + [
        0x00, 0x50, 0x01, 0xBB,
    ]

@Suite struct `Heads of the PROXY protocol` {
    private static let lines: [(String, String)] = [
        ("TCP4 192.0.2.1 10.0.0.1 56224 443", "192.0.2.1 56224"),
        ("TCP4 255.255.255.255 255.255.255.255 65535 65535", "255.255.255.255 65535"),
        ("TCP4 0.0.0.0 0.0.0.0 0 0", "0.0.0.0 0"),
        ("TCP6 2001:db8::7 ::1 80 443", "2001:db8::7 80"),
        ("TCP6 2001:DB8:0:0:0:0:0:7 ::1 80 443", "2001:db8::7 80"),
        ("TCP6 1:0:0:2:0:0:0:3 :: 80 443", "1:0:0:2::3 80"), ("TCP6 :: ::1 1 2", ":: 1"), ("TCP6 ::1 ::1 1 2", "::1 1"),
        ("TCP6 1:2:3:4:5:6:7:8 ::1 1 2", "1:2:3:4:5:6:7:8 1"), ("TCP6 1:0:3:4:5:6:7:8 ::1 1 2", "1:0:3:4:5:6:7:8 1"),
        ("TCP6 ::ffff:192.0.2.1 ::1 1 2", "192.0.2.1 1"), ("UNKNOWN", ""),
        ("UNKNOWN ffff::1 what ever   1\t", ""),
        (
            "UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535", ""
        ),
    ]

    @Test(arguments: lines) func `a line says who the client is`(line: String, source: String) {
        let bytes = Array("PROXY \(line)\r\n".utf8) + behind
        for piece in [1, 2, 7, 1000] { #expect(Reading(bytes, piece: piece) == .head(source, behind: behind.count)) }
    }

    private static let blocks: [([UInt8], String)] = [
        (version2(0x21, 0x11, inet), "192.0.2.1 56224"), (version2(0x21, 0x21, inet6), "2001:db8::7 80"),
        // TLVs behind the addresses.
        (version2(0x21, 0x11, inet + [3, 0, 4, 1, 2, 3, 4]), "192.0.2.1 56224"),
        (version2(0x21, 0x21, inet6 + Array(repeating: 0x0D, count: 4044)), "2001:db8::7 80"),
        // The proxy speaks for itself; whatever else is said is passed over.
        (version2(0x20, 0x00), ""), (version2(0x20, 0x11, inet), ""), (version2(0x20, 0xFF, [1, 2, 3]), ""),
        // Nobody, or somebody whose address has no place here: UDP, Unix sockets, half of a family.
        (version2(0x21, 0x00), ""), (version2(0x21, 0x00, [1, 2, 3]), ""), (version2(0x21, 0x12, inet), ""),
        (version2(0x21, 0x22, inet6), ""), (version2(0x21, 0x31, Array(repeating: 0x2F, count: 216)), ""),
        (version2(0x21, 0x32, Array(repeating: 0, count: 220)), ""), (version2(0x21, 0x10), ""),
        (version2(0x21, 0x01), ""),
        // A mapped address is the one that it maps.
        (
            version2(
                0x21, 0x21,
                Array(repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 1] + Array(repeating: 0, count: 16)
                    + [0, 1, 0, 2]), "192.0.2.1 1"
        ),
    ]

    @Test(arguments: blocks) func `a block says who the client is`(head: [UInt8], source: String) {
        for piece in [1, 2, 7, 16, 10_000] {
            #expect(Reading(head + behind, piece: piece) == .head(source, behind: behind.count))
        }
    }

    @Test func `a head that is cut off is not whole, wherever it is cut`() {
        let heads = Self.lines.map { Array("PROXY \($0.0)\r\n".utf8) } + Self.blocks.map(\.0)
        for head in heads {
            for count in 0..<head.count {
                #expect(Reading(Array(head[..<count])) == .unfinished, "\(head.prefix(60)) cut at \(count)")
            }
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\n", "\u{16}\u{3}\u{1}", "PROXX TCP4", "proxy TCP4 ", "PROXY\tTCP4",
        "PROXY\r\n", " PROXY", "\r\n\r\nGET", "\r\n\r\n\u{0}\r\nQUIX", "\n", "\u{0}",
    ])
    func `who speaks something else is told apart at once`(text: String) {
        for piece in [1, 1000] { #expect(Reading(Array(text.utf8), piece: piece) == .failed(.missing)) }
    }

    @Test(arguments: [
        // The end of the line.
        "TCP4 1.2.3.4 1.2.3.4 1 2\n", "TCP4 1.2.3.4 1.2.3.4 1 2\rX", "TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n", "UNKNOWN\n",
        "UNKNOWN a\rb\r\n", "UNKNOWN a\nb\r\n", "\r\n",
        // The words, and one space between them.
        "TCP4 1.2.3.4  1.2.3.4 1 2\r\n", "TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", " TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "TCP4\t1.2.3.4 1.2.3.4 1 2\r\n", "TCP4 1.2.3.4 1.2.3.4 1\r\n", "TCP4 1.2.3.4 1.2.3.4\r\n", "TCP4\r\n",
        "TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", "TCP5 1.2.3.4 1.2.3.4 1 2\r\n", "tcp4 1.2.3.4 1.2.3.4 1 2\r\n",
        "UDP4 1.2.3.4 1.2.3.4 1 2\r\n", "UNKNOWNX\r\n", "unknown\r\n", "TCP 1.2.3.4 1.2.3.4 1 2\r\n",
        // Addresses of the family that is named.
        "TCP4 ::1 ::1 1 2\r\n", "TCP6 1.2.3.4 1.2.3.4 1 2\r\n", "TCP4 1.2.3.4 ::1 1 2\r\n", "TCP6 ::1 1.2.3.4 1 2\r\n",
        "TCP4 1.2.3 1.2.3.4 1 2\r\n", "TCP4 1.2.3.4.5 1.2.3.4 1 2\r\n", "TCP4 1.2.3.256 1.2.3.4 1 2\r\n",
        "TCP4 01.2.3.4 1.2.3.4 1 2\r\n", "TCP4 1.2.3.-4 1.2.3.4 1 2\r\n", "TCP4 1.2.3.4% 1.2.3.4 1 2\r\n",
        "TCP4 0x1.2.3.4 1.2.3.4 1 2\r\n", "TCP4 a.example 1.2.3.4 1 2\r\n", "TCP4 1.2.3.4 1.2.3.256 1 2\r\n",
        "TCP6 fe80::1%eth0 ::1 1 2\r\n", "TCP6 1::2::3 ::1 1 2\r\n", "TCP6 1:2:3:4:5:6:7 ::1 1 2\r\n",
        "TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n", "TCP6 12345::1 ::1 1 2\r\n", "TCP6 [::1] ::1 1 2\r\n",
        "TCP6 g::1 ::1 1 2\r\n", "TCP6 :::1 ::1 1 2\r\n",
        // Ports.
        "TCP4 1.2.3.4 1.2.3.4 65536 2\r\n", "TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", "TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
        "TCP4 1.2.3.4 1.2.3.4 01 2\r\n", "TCP4 1.2.3.4 1.2.3.4 1 00\r\n", "TCP4 1.2.3.4 1.2.3.4 +1 2\r\n",
        "TCP4 1.2.3.4 1.2.3.4 99999999999999999999 2\r\n", "TCP4 1.2.3.4 1.2.3.4  2\r\n",
        "TCP4 1.2.3.4 1.2.3.4 a 2\r\n",
        "TCP4 \u{FF11}.2.3.4 1.2.3.4 1 2\r\n",
    ])
    func `what is no line of version 1 is refused`(text: String) {
        for piece in [1, 1000] {
            #expect(Reading(Array("PROXY \(text)".utf8), piece: piece) == .failed(.malformed))
        }
    }

    @Test func `a line has at most 107 bytes`() {
        let longest = "PROXY UNKNOWN " + String(repeating: "x", count: 91) + "\r\n"
        #expect(longest.utf8.count == 107)
        #expect(Reading(Array(longest.utf8) + behind) == .head("", behind: behind.count))
        for count in [92, 93, 5000] {
            let line = "PROXY UNKNOWN " + String(repeating: "x", count: count) + "\r\n"
            #expect(Reading(Array(line.utf8)) == .failed(.tooLarge))
        }
        // Without an end it is not waited for.
        #expect(Reading(Array(("PROXY " + String(repeating: " ", count: 101)).utf8)) == .failed(.tooLarge))
    }

    @Test(arguments: [
        // Another version, another command.
        version2(0x11, 0x11, inet), version2(0x01, 0x11, inet), version2(0x31, 0x11, inet), version2(0x22, 0x11, inet),
        version2(0x2F, 0x00),
        // Families and transports that there are not.
        version2(0x21, 0x41, inet), version2(0x21, 0xF1, inet), version2(0x21, 0x13, inet), version2(0x21, 0x0F),
        // Less than the addresses take.
        version2(0x21, 0x11, Array(inet.dropLast())), version2(0x21, 0x11), version2(0x21, 0x21, inet),
        version2(0x21, 0x31, inet), version2(0x21, 0x12, [1]), version2(0x21, 0x22, inet),
    ])
    func `what is no head of version 2 is refused`(head: [UInt8]) {
        for piece in [1, 1000] { #expect(Reading(head + behind, piece: piece) == .failed(.malformed)) }
    }

    @Test(arguments: [4081, 0x8000, 0xFFFF])
    func `an announced length that nobody needs is not waited for`(length: Int) {
        for command: UInt8 in [0x20, 0x21] {
            #expect(Reading(version2(command, 0x11, length: length)) == .failed(.tooLarge))
        }
    }
}
