import ShuntReactor
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1:80"), ("::1", "::1", "[::1]:80"),
        ("[2001:DB8:0:0::7]", "2001:db8::7", "[2001:db8::7]:80"),
        ("::ffff:10.1.2.3", "10.1.2.3", "[10.1.2.3]:80"), ("fe80::1%7", "fe80::1%7", "[fe80::1%7]:80"),
        ("fe80::1%lo", "fe80::1%1", "[fe80::1%1]:80"),
    ])
    func `an address that is written out`(literal: String, host: String, description: String) throws {
        let address = try #require(SocketAddress(literal: literal, port: 80))
        #expect(address.host == host)
        #expect(address.description == description)
        #expect(address.port == 80)
        #expect(address.with(port: 81).port == 81)
    }

    @Test(arguments: [
        "localhost", "", "127.1", "1.2.3.4.5", "::g", "fe80::1%nowhere", "[::1", "127.0.0.1%1", "0x7f000001",
    ])
    func `a name is none`(text: String) {
        #expect(SocketAddress(literal: text, port: 80) == nil)
    }
}
