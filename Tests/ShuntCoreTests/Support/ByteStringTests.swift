import ShuntCore
import Testing

@Suite struct `Bytes of a peer` {
    @Test func `they are equal where all bytes are`() {
        #expect(ByteString("e\u{301}") != ByteString("\u{E9}"))
        #expect(ByteString([0xFC]) != ByteString([0xF6]))
        #expect(Set([ByteString([0xFC]), ByteString([0xF6]), ByteString([0xFC]), "\u{FFFD}"]).count == 3)
        #expect(ByteString([0xFC]).text == nil)
        #expect(ByteString("\u{E9}").text == "\u{E9}")
    }

    @Test(arguments: [
        (Array("M\u{FC}ller".utf8), "M\u{FC}ller"), ([0x4D, 0xFC, 0x6C], #"M\xFCl"#), ([0x4D, 0xF6, 0x6C], #"M\xF6l"#),
        ([0xC3], #"\xC3"#), ([0xE2, 0x82], #"\xE2\x82"#), ([0xED, 0xA0, 0x80], #"\xED\xA0\x80"#),
        ([0xC0, 0xAE], #"\xC0\xAE"#),
        (Array("a\r\n\u{0}\u{7F}".utf8), #"a\x0D\x0A\x00\x7F"#), ([0xC2, 0x85], #"\xC2\x85"#),
        (Array(#"\xFC"#.utf8), #"\\xFC"#),
        (Array("😀".utf8), "😀"), ([], ""), (Array("\u{FFFD}".utf8), "\u{FFFD}"),
    ])
    func `people see escapes where there is no text`(bytes: [UInt8], shown: String) {
        #expect(ByteString(bytes).description == shown)
    }
}
