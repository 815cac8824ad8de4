import ShuntCore

extension ValueKind where Value == ValueSource {
    /// `query:session_token`, `header:authorization`, `cookie:session`.
    static var source: ValueKind {
        ValueKind(allowed: "query:name, header:name or cookie:name") { scalar in Self.parse(scalar.text) }
    }

    fileprivate static func parse(_ text: String) -> Parsed<ValueSource> {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = parts.first, let name = parts.last.map(String.init), !name.isEmpty else {
            return .wrong(meant: parts.count == 1 && HTTPToken.isOne(text) ? "query:\(text)" : nil)
        }
        switch kind {
        case "query":
            let isBare = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"&=#?".utf8.contains($0) }
            return isBare ? .value(.query(name)) : .wrong()
        case "header": return HTTPToken.isOne(name) ? .value(.header(name.lowercased())) : .wrong()
        case "cookie": return HTTPToken.isOne(name) ? .value(.cookie(name)) : .wrong()
        default:
            return .wrong(
                meant: NearestWord.to(String(kind), among: ["query", "header", "cookie"]).map { "\($0):\(name)" })
        }
    }

    /// Where a session's token can be.
    static var tokenSource: ValueKind {
        ValueKind(allowed: "query:name, header:name, cookie:name or protocol") { scalar in
            scalar.text == "protocol:" || scalar.text == "protocol"
                ? .value(.subprotocol) : notOfHandshake(parse(scalar.text))
        }
    }

    /// The fields by which the two ends of one connection agree are other ones on every connection, and are no place for
    /// anything else.
    fileprivate static func notOfHandshake(_ parsed: Parsed<ValueSource>) -> Parsed<ValueSource> {
        guard case .value(.header(let name)) = parsed, name.hasPrefix("sec-websocket-") else { return parsed }
        return .wrong(advice: "\(name) belongs to the handshake itself and carries no token")
    }
}

/// A token of RFC 9110 §5.6.2: what names of fields, cookies and subprotocols are made of.
enum HTTPToken {
    static func isOne(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}

extension ValueKind where Value == ValueSource? {
    /// A source, or `none`.
    static var sourceOrNone: ValueKind {
        ValueKind(allowed: "query:name, header:name, cookie:name or none") { scalar in
            if scalar.text == "none" { return .value(nil) }
            switch ValueKind<ValueSource>.notOfHandshake(ValueKind<ValueSource>.parse(scalar.text)) {
            case .value(let source): return .value(source)
            case .wrong(let meant, let advice): return .wrong(meant: meant, advice: advice)
            }
        }
    }
}
