import ShuntCore
import ShuntTesting
import Testing

/// Requests put together from pieces that parsers stumble over; what must hold of every one of them.
@Suite struct `Handshakes made of noise` {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `no refusal or request to an upstream breaks its own form`(seed: UInt64) throws {
        var noise = Noise(seed)
        var definition = TableDefinition()
        definition.addressing.paths = ["/s"]
        let table = try RoutingTable(definition)
        for _ in 0..<50 {
            let request = noise.request()
            switch HandshakeCheck.verdict(of: request, table: table, listen: try behindProxy()) {
            case .health:
                break
            case .refuse(let refusal):
                #expect((400..<500).contains(refusal.status))
                #expect(refusal.body.utf8.allSatisfy { $0 >= 0x20 })
            case .accept(let accepted):
                try expectWellFormed(accepted, credential: noise.credential())
            }
        }
    }

    private func expectWellFormed(_ accepted: BothSteps.Accepted, credential: ValueSource) throws {
        let token = accepted.identity?.credential.token
        var upstream = UpstreamSettings(
            name: "u", address: UpstreamAddress(host: "b", port: 80, path: "/u", query: "q"))
        upstream.credential = credential
        let request = UpstreamRequest(
            upstream: upstream, client: accepted.handshake, credential: accepted.identity?.credential)
        #expect(request.headers.values(of: "host") == ["b"])
        // What is written is read as what was meant, or nothing is written.
        if let bytes = HeadWriter.request(target: request.target, request.headers) {
            let head = try #require(read(bytes))
            #expect(head.target == request.target)
            #expect(head.fields.map(\.name) == request.headers.map(\.name))
        } else {
            #expect(request.headers.contains { $0.value.bytes.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 } })
        }
        guard let token else { return }
        // Read back as a backend would, the token is there once and is the session's.
        let query = try #require(request.target.bytes.split(separator: 0x3F, maxSplits: 1).last)
        let received = Handshake(path: "/u", query: ByteString(query), headers: request.headers)
        let sent = credential.values(in: received)
        #expect(sent.count == 1)
        if case .cookie = credential {
            #expect(sent.first?.bytes.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != 0x3B } == true)
        } else {
            #expect(sent == [token])
        }
    }

    private func read(_ bytes: [UInt8]) -> RequestHead? {
        var reader = HeadReader(.request)
        var position = 0
        guard (try? reader.read(bytes.span, at: &position)) == .whole, position == bytes.count else { return nil }
        return RequestHead(reader)
    }
}

/// A seeded source of hostile text.
private struct Noise {
    private var dice: Dice

    init(_ seed: UInt64) { dice = Dice(seed: seed) }

    private static let pieces = [
        "session_token=", "session=", "T", "undefined", "%54", "%", "%FF", "%0A", "%00", "&", "=", "?", ";", "\"", ",",
        " ", "+", "#", "/", "é", "\u{FFFD}", "\r\n", "\u{0}", "Bearer ", "http://", ":", "[", "]", "*.", "::", "1",
        "%eth",
        "99999999999999999999", "a.example.com", "upgrade", "\\",
    ]

    mutating func next(below bound: Int) -> Int { dice.below(bound) }

    mutating func text(atMost count: Int) -> String {
        (0..<next(below: count + 1)).map { _ in Self.pieces[next(below: Self.pieces.count)] }.joined()
    }

    mutating func credential() -> ValueSource {
        [.query("session_token"), .header("Authorization"), .header("X-Session"), .cookie("session")][next(below: 4)]
    }

    /// Mostly a good handshake, so that the later rules are reached too.
    mutating func request() -> HandshakeRequest {
        var request = HandshakeRequest.valid(next(below: 4) == 0 ? text(atMost: 5) : "/s?" + text(atMost: 6))
        let names = ["Authorization", "Cookie", "Origin", "Host", "X-Forwarded-For", "X-Forwarded-Host", "Connection"]
        for _ in 0..<next(below: 4) {
            request.headers.append(.init(name: names[next(below: names.count)], value: text(atMost: 5)))
        }
        request.remoteHost = next(below: 2) == 0 ? "10.0.0.1" : text(atMost: 4)
        return request
    }
}
