/// Whom a proxy in front speaks for.
package struct ProxiedSource: Sendable, Equatable {
    /// The client's address without port, in its one spelling (RFC 5952); one of IPv6 that maps one of IPv4 is that.
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// Reads the head of the PROXY protocol, version 1 or 2, however its bytes come
/// (https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt, section 2).
///
/// Strict, because it says who the client is: a line ends with CRLF and nothing else, one space stands between its words,
/// no number has leading zeros. Not a byte behind the head is read. What a version 2 head has behind its addresses (TLVs, a
/// checksum among them) is passed over.
package struct ProxyHeadReader: Sendable {
    package enum Problem: Error, Sendable, Equatable {
        /// The first bytes are something else: whoever sent them speaks no PROXY protocol.
        case missing
        /// It begins as a head, and is none.
        case malformed
        /// The head is longer than one may be.
        case tooLarge
    }

    package enum Progress: Sendable, Equatable {
        case needsMore
        /// The head is over. Without a source it says that the proxy speaks for itself (a health check), or for somebody
        /// whose address has no place here: the connection's own address counts.
        case whole(ProxiedSource?)
    }

    /// Bytes of a version 1 line, its CRLF among them.
    package static let longestLine = 107
    /// Bytes of a version 2 head. It may announce 65,551; no proxy of the field comes near this bound.
    package static let longest = 4096

    private enum State {
        /// Becomes `line` or `fixed`.
        case beginning
        /// Version 1. Becomes `over`.
        case line
        /// The first 16 bytes of version 2. Becomes `block` or `over`.
        case fixed
        /// What version 2 announced. Becomes `over`.
        case block
        case over
    }

    private var state = State.beginning
    /// What is needed of what came.
    private var kept: [UInt8] = []
    /// How many bytes of the block are still to come.
    private var left = 0

    package init() {}

    private static let word = Array("PROXY ".utf8)
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    /// Reads on at `position`, which stands behind the last byte of the head afterwards, or at the end of the bytes.
    /// Not to be called again once the head is whole, nor after a problem.
    package mutating func read(_ bytes: Span<UInt8>, at position: inout Int) throws(Problem) -> Progress {
        while position < bytes.count, state != .over {
            if state == .block, kept.count == blockEnd {
                skip(bytes.count, &position)
                continue
            }
            let byte = bytes[position]
            position &+= 1
            switch state {
            case .beginning: try begin(byte)
            case .line: try addToLine(byte)
            case .fixed: try addToFixed(byte)
            case .block: addToBlock(byte)
            case .over: break
            }
        }
        guard state == .over else { return .needsMore }
        return .whole(try source())
    }

    private mutating func begin(_ byte: UInt8) throws(Problem) {
        kept.append(byte)
        if Self.word.starts(with: kept) {
            if kept.count == Self.word.count { state = .line }
        } else if Self.signature.starts(with: kept) {
            if kept.count == Self.signature.count { state = .fixed }
        } else {
            throw .missing
        }
    }

    // MARK: Version 1

    private mutating func addToLine(_ byte: UInt8) throws(Problem) {
        let followsCR = kept.last == 0x0D
        guard followsCR == (byte == 0x0A) else { throw .malformed }
        kept.append(byte)
        if followsCR {
            state = .over
        } else if kept.count >= Self.longestLine {
            throw .tooLarge
        }
    }

    private func lineSource() throws(Problem) -> ProxiedSource? {
        let words = kept.dropLast(2).split(separator: 0x20, omittingEmptySubsequences: false)
        guard words.count > 1 else { throw .malformed }
        // Whatever stands behind it means nothing.
        if words[1].elementsEqual("UNKNOWN".utf8) { return nil }
        let isVersion6 = words[1].elementsEqual("TCP6".utf8)
        guard isVersion6 || words[1].elementsEqual("TCP4".utf8), words.count == 6 else { throw .malformed }
        guard let source = Self.address(words[2], isVersion6), Self.address(words[3], isVersion6) != nil,
            let port = Self.port(words[4]), Self.port(words[5]) != nil
        else { throw .malformed }
        return ProxiedSource(host: source.shortText, port: port)
    }

    private static func address(_ word: ArraySlice<UInt8>, _ isVersion6: Bool) -> AddressText? {
        // A zone means something on the proxy's own machine only.
        guard word.contains(0x3A) == isVersion6, !word.contains(0x25) else { return nil }
        return AddressText(String(decoding: word, as: UTF8.self))
    }

    private static func port(_ word: ArraySlice<UInt8>) -> Int? {
        AddressText.decimal(word).flatMap { $0 <= 65_535 ? $0 : nil }
    }

    // MARK: Version 2

    /// What a whole head of version 2 has in its places.
    private enum Place {
        static let command = 12
        static let family = 13
        static let length = 14
        static let block = 16
    }

    private mutating func addToFixed(_ byte: UInt8) throws(Problem) {
        kept.append(byte)
        switch kept.count - 1 {
        case Place.command:
            guard byte == 0x20 || byte == 0x21 else { throw .malformed }
        case Place.family:
            // That of a LOCAL head means nothing.
            guard isLocal || byte >> 4 <= 3 && byte & 15 <= 2 else { throw .malformed }
        case Place.block - 1:
            left = Int(kept[Place.length]) << 8 | Int(byte)
            guard left <= Self.longest - Place.block else { throw .tooLarge }
            guard left >= addressBytes else { throw .malformed }
            state = left == 0 ? .over : .block
        default: break
        }
    }

    private mutating func addToBlock(_ byte: UInt8) {
        kept.append(byte)
        left -= 1
        if left == 0 { state = .over }
    }

    private mutating func skip(_ end: Int, _ position: inout Int) {
        let count = min(left, end - position)
        position += count
        left -= count
        if left == 0 { state = .over }
    }

    private var isLocal: Bool { kept[Place.command] & 15 == 0 }

    /// Where what is kept of the block ends.
    private var blockEnd: Int { Place.block + (family == nil ? 0 : addressBytes) }

    private enum Family { case version4, version6 }

    /// TCP over IPv4 or IPv6; nil for everything else, whose addresses have no place here.
    private var family: Family? {
        guard !isLocal else { return nil }
        return switch kept[Place.family] {
        case 0x11: .version4
        case 0x21: .version6
        default: nil
        }
    }

    /// How many bytes the addresses have, which must be there.
    private var addressBytes: Int {
        guard !isLocal, kept[Place.family] & 15 != 0 else { return 0 }
        return switch kept[Place.family] >> 4 {
        case 1: 12
        case 2: 36
        case 3: 216
        default: 0
        }
    }

    private func source() throws(Problem) -> ProxiedSource? {
        guard kept.first == Self.signature[0] else { return try lineSource() }
        guard let family, kept.count >= Place.block + addressBytes else { return nil }
        let length = family == .version4 ? 4 : 16
        let ports = Place.block + 2 * length
        let address = AddressText(bytes: Array(kept[Place.block..<Place.block + length]))
        return ProxiedSource(host: address.shortText, port: Int(kept[ports]) << 8 | Int(kept[ports + 1]))
    }
}
