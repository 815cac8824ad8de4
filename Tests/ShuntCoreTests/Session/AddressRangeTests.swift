import ShuntCore
import Testing

@Suite struct `Address ranges` {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.1.2.3/8", "10.9.9.9", true),
        ("192.0.2.128/25", "192.0.2.127", false), ("192.0.2.128/25", "192.0.2.200", true),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false), ("0.0.0.0/0", "203.0.113.9", true),
        ("0.0.0.0/0", "::1", false), ("::/0", "::1", true), ("::/0", "10.0.0.1", false),
        ("2001:db8::/32", "2001:DB8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false),
        ("fe80::/10", "fe80::1%eth0", true), ("::1", "0:0:0:0:0:0:0:1", true),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", true),
        ("10.0.0.0/8", "::ffff:10.0.0.1", true), ("10.0.0.0/8", "::FFFF:0a00:0001", true),
        ("::ffff:10.0.0.0/104", "10.9.9.9", true), ("::ffff:10.0.0.0/104", "11.0.0.1", false),
        ("64:ff9b::192.0.2.1/128", "64:ff9b::c000:201", true),
        ("10.0.0.0/8", "", false), ("10.0.0.0/8", "10.0.0", false), ("10.0.0.0/8", "10.0.0.1.2", false),
        ("10.0.0.0/8", "10.0.0.256", false), ("10.0.0.0/8", "10.0.0.01", false), ("10.0.0.0/8", "010.0.0.1", false),
        ("10.0.0.0/8", "10.0.0.1 ", false), ("10.0.0.0/8", "10.0.0.99999999999999999999", false),
        ("::/0", ":", false), ("::/0", ":::", false), ("::/0", "1::2::3", false), ("::/0", "1:2:3:4:5:6:7", false),
        ("::/0", "1:2:3:4:5:6:7:8:9", false), ("::/0", "1:2:3:4::5:6:7:8", false), ("::/0", "12345::", false),
        ("::/0", "g::", false), ("::/0", "1.2.3.4::", false), ("::/0", "::1.2.3.4:5", false), ("::/0", ":1::", false),
        ("::/0", "::1:", false), ("::/0", "[::1]", false),
    ])
    func `an address is in a range or is not`(cidr: String, address: String, contained: Bool) throws {
        #expect(try #require(AddressRange(cidr: cidr)).contains(address) == contained)
    }

    @Test(arguments: [
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8/8", "10.0.0/8", "::/129",
        "::/99999999999999999999", "fe80::1%eth0/64", "example.com", "10.0.0.0 /8",
    ])
    func `what is no range is refused`(cidr: String) {
        #expect(AddressRange(cidr: cidr) == nil)
    }

    @Test func `a range with nonsense in it contains nothing`() {
        #expect(!AddressRange(bytes: [10, 0, 0, 0], prefix: 33).contains("10.0.0.0"))
        #expect(!AddressRange(bytes: [10, 0, 0, 0], prefix: -1).contains("10.0.0.0"))
        #expect(!AddressRange(bytes: [10], prefix: 8).contains("10.0.0.0"))
        #expect(!AddressRange(bytes: [], prefix: 0).contains("10.0.0.0"))
    }
}
