/// An IP address as its bytes: 4 of them, or 16. An IPv6 address that maps an IPv4 one (`::ffff:10.0.0.1`, what a
/// socket that listens for both reports) is the IPv4 address.
struct AddressText {
    let bytes: [UInt8]

    /// - Parameter bytes: 4 of them, or 16.
    init(bytes: [UInt8]) {
        self.bytes = bytes.starts(with: AddressText.mappedPrefix) ? Array(bytes[12...]) : bytes
    }

    /// Reads dotted quads without leading zeros and the forms of RFC 4291 §2.2; a zone (`%eth0`) is passed over.
    init?(_ text: String) {
        let source = Array(text.utf8.prefix { $0 != 0x25 })
        guard source.contains(0x3A) else {
            guard let quad = AddressText.quad(source[...]) else { return nil }
            self.init(bytes: quad)
            return
        }
        guard let address = AddressText.version6(source) else { return nil }
        self.init(bytes: address)
    }

    /// Reads an address as proxies write it in `X-Forwarded-For`: also with brackets, and with a port behind it.
    init?(forwarded entry: String) {
        let source = Array(entry.utf8)
        let address: ArraySlice<UInt8>
        let rest: ArraySlice<UInt8>
        if source.first == 0x5B {
            guard let close = source.firstIndex(of: 0x5D) else { return nil }
            address = source[1..<close]
            rest = source[(close + 1)...]
            guard address.contains(0x3A) else { return nil }
        } else {
            // More than one colon is an IPv6 address without brackets, behind which no port can be told.
            let colon = source.firstIndex(of: 0x3A)
            let isOnly = colon != nil && colon == source.lastIndex(of: 0x3A)
            let end = isOnly ? colon ?? source.count : source.count
            address = source[..<end]
            rest = source[end...]
        }
        guard rest.isEmpty || rest.first == 0x3A && AddressText.isPort(rest.dropFirst()) else { return nil }
        self.init(String(decoding: address, as: UTF8.self))
    }

    private static func isPort(_ digits: ArraySlice<UInt8>) -> Bool {
        decimal(digits).map { $0 <= 65_535 } ?? false
    }

    /// The one spelling of an address: dotted quads, or eight groups in lower case without leading zeros.
    var text: String {
        if bytes.count == 4 { return bytes.map { "\($0)" }.joined(separator: ".") }
        return stride(from: 0, to: bytes.count - 1, by: 2)
            .map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }.joined(separator: ":")
    }

    /// The spelling that people know (RFC 5952): the longest run of two or more groups of zeros, the first of equal ones, is
    /// `::`.
    var shortText: String {
        if bytes.count == 4 { return text }
        let groups = text.split(separator: ":")
        var longest = 0..<0
        var start: Int?
        for (place, group) in (groups + [""]).enumerated() {
            if group == "0" {
                start = start ?? place
            } else if let begin = start {
                if place - begin > max(1, longest.count) { longest = begin..<place }
                start = nil
            }
        }
        if longest.isEmpty { return text }
        let (head, tail) = (groups[..<longest.lowerBound], groups[longest.upperBound...])
        return head.joined(separator: ":") + "::" + tail.joined(separator: ":")
    }

    /// The key that stands for who wrote this address, or had it: `10.0.0.1`, `10.0.0.1:4711` and `::ffff:10.0.0.1` are
    /// one. What is no address is its own key.
    static func key(_ entry: String) -> String {
        isQuad(entry) ? entry : AddressText(forwarded: entry)?.text ?? entry
    }

    /// Whether the text is a dotted quad in its one spelling, as sockets report it.
    private static func isQuad(_ text: String) -> Bool {
        var (dots, number, digits) = (0, 0, 0)
        for byte in text.utf8 {
            if byte == 0x2E {
                guard digits > 0 else { return false }
                (dots, number, digits) = (dots + 1, 0, 0)
            } else {
                guard (0x30...0x39).contains(byte), digits == 0 || number > 0 else { return false }
                number = number * 10 + Int(byte - 0x30)
                digits += 1
                guard number <= 255 else { return false }
            }
        }
        return dots == 3 && digits > 0
    }

    static func key(_ entry: ByteString) -> ByteString { entry.text.map { ByteString(key($0)) } ?? entry }

    static let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

    private static func quad(_ source: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = source.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard let number = decimal(part), let byte = UInt8(exactly: number) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// Up to five digits; a leading zero could be meant as octal and is refused.
    static func decimal(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...5).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard digits.count == 1 || digits.first != 0x30 else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func version6(_ source: [UInt8]) -> [UInt8]? {
        guard let gap = source.indices.dropLast().first(where: { source[$0] == 0x3A && source[$0 + 1] == 0x3A }) else {
            guard let all = groups(source[...]), all.count == 16 else { return nil }
            return all
        }
        guard let head = groups(source[..<gap], quadAllowed: false), let tail = groups(source[(gap + 2)...]) else {
            return nil
        }
        let missing = 16 - head.count - tail.count
        // The gap stands for at least one group.
        guard missing >= 2 else { return nil }
        return head + [UInt8](repeating: 0, count: missing) + tail
    }

    /// Groups of hexadecimal digits between single colons; the last may be a dotted quad.
    private static func groups(_ source: ArraySlice<UInt8>, quadAllowed: Bool = true) -> [UInt8]? {
        if source.isEmpty { return [] }
        var bytes: [UInt8] = []
        let parts = source.split(separator: 0x3A, omittingEmptySubsequences: false)
        for (place, part) in parts.enumerated() {
            if part.contains(0x2E) {
                guard quadAllowed, place == parts.count - 1, let quad = quad(part) else { return nil }
                bytes += quad
                continue
            }
            guard (1...4).contains(part.count) else { return nil }
            var group: UInt16 = 0
            for digit in part {
                guard let value = hexValue(digit) else { return nil }
                group = group << 4 | UInt16(value)
            }
            bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
        }
        return bytes
    }
}
