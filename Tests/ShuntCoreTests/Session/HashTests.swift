import ShuntCore
import Testing

@Suite struct `Hashes` {
    /// The published vectors: the key is the bytes 0 to 15, the input the first bytes of 0, 1, 2, …
    @Test(
        arguments: [
            (0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (2, 0x0d6c_8009_d9a9_4f5a),
            (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462), (15, 0xa129_ca61_49be_45e5), (63, 0x958a_324c_eb06_4572),
        ] as [(Int, UInt64)])
    func `SipHash gives the published values`(length: Int, value: UInt64) {
        let key: (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
        #expect(SipHash.hash((0..<length).map { UInt8($0) }, key: key) == value)
    }

    @Test func `a session's hash is sixteen digits that depend on key and token`() {
        let key: (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
        func name(_ token: ByteString, _ key: (UInt64, UInt64)) -> String {
            String(decoding: SessionKey(token: token).shortName(keyedBy: key), as: UTF8.self)
        }
        #expect(name("", key) == "726fdb47dd0e0e31")
        #expect(name("\u{0}\u{1}", key) == "0d6c8009d9a94f5a")
        #expect(name("a", key) != name("b", key))
        #expect(name("a", key) != name("a", (1, 2)))
        #expect(name("\u{E9}", key) != name("e\u{301}", key))
    }

    @Test(arguments: [
        // RFC 6455 §1.3, and keys of other lengths so that every padding of the digest is met.
        ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("", "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w="),
        ("a", "FtgH8qqfEKHvZKEZYEWkYDhlXNY="),
        (String(repeating: "x", count: 19), "qQsxh2Nb/vsnD9od6HBiP6Igif0="),
        (String(repeating: "x", count: 20), "7jD6MP55bPPoLSNhT1mD/AE8sjc="),
        (String(repeating: "x", count: 27), "WWp/NRXr3+N4xy7O/17rN1JrRGc="),
        (String(repeating: "x", count: 28), "atUL8kQGe4qplhq19Y5TKRw/Uj4="),
        (String(repeating: "y", count: 300), "xKoBWsFnVJ2MVhWsxgnHCk8B+4w="),
    ])
    func `the accept key proves that the key was read`(key: String, accept: String) {
        #expect(SecWebSocket.acceptKey(for: ByteString(key)) == ByteString(accept))
    }

    @Test func `a key is sixteen bytes in base64`() {
        #expect(SecWebSocket.key(from: (0, 0)) == "AAAAAAAAAAAAAAAAAAAAAA==")
        #expect(SecWebSocket.key(from: (.max, .max)) == "/////////////////////w==")
        #expect(SecWebSocket.key(from: (0x0102_0304_0506_0708, 0x090a_0b0c_0d0e_0f10)) == "AQIDBAUGBwgJCgsMDQ4PEA==")
    }

    @Test(arguments: [
        ("dGhlIHNhbXBsZSBub25jZQ==", true), ("AQIDBAUGBwgJCgsMDQ4PEC==", true), ("", false),
        ("dGhlIHNhbXBsZSBub25jZQ=", false), ("dGhlIHNhbXBsZSBub25jZQ===", false), ("dGhlIHNhbXBsZSBub25j====", false),
        ("dGhlIHNhbXBsZSBub25jZé==", false), ("dGhlIHNh XBsZSBub25jZQ==", false),
    ])
    func `a key is known by its form`(text: String, isKey: Bool) {
        #expect(SecWebSocket.isKey(ByteString(text).bytes[...]) == isKey)
    }
}
