/// A range of addresses in CIDR notation.
package struct AddressRange: Sendable, Hashable {
    /// 4 or 16 bytes.
    package var bytes: [UInt8]
    package var prefix: Int
    package init(bytes: [UInt8], prefix: Int) {
        self.bytes = bytes
        self.prefix = prefix
    }
}

extension AddressRange {
    /// Reads `10.0.0.0/8`, `2001:db8::/32` or a single address. Bits behind the prefix are passed over; a range of mapped
    /// addresses (`::ffff:0:0/96` and longer) is the IPv4 range.
    package init?(cidr: String) {
        let source = Array(cidr.utf8)
        let slash = source.firstIndex(of: 0x2F) ?? source.count
        let address = String(decoding: source[..<slash], as: UTF8.self)
        guard !address.utf8.contains(0x25), let bytes = AddressText(address)?.bytes else { return nil }
        let written = address.utf8.contains(0x3A) ? 128 : 32
        var prefix = written
        if slash < source.count {
            guard let number = AddressText.decimal(source[(slash + 1)...]), number <= written else { return nil }
            prefix = number
        }
        guard written == 128, bytes.count == 4 else {
            self.init(bytes: bytes, prefix: prefix)
            return
        }
        if prefix >= 96 {
            self.init(bytes: bytes, prefix: prefix - 96)
        } else {
            self.init(bytes: AddressText.mappedPrefix + bytes, prefix: prefix)
        }
    }

    /// Whether the address, as text without port or brackets, lies in the range. False for what is no address.
    package func contains(_ address: String) -> Bool {
        guard let other = AddressText(address)?.bytes, other.count == bytes.count else { return false }
        guard (0...bytes.count * 8).contains(prefix) else { return false }
        let whole = prefix / 8
        guard bytes[..<whole].elementsEqual(other[..<whole]) else { return false }
        let rest = prefix % 8
        return rest == 0 || (bytes[whole] ^ other[whole]) >> UInt8(8 - rest) == 0
    }
}
