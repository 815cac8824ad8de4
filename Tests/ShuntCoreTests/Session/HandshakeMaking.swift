import ShuntCore

/// Fields as tests like to write them.
func fields(_ pairs: KeyValuePairs<String, String>) -> [Handshake.Field] {
    pairs.map { Handshake.Field(name: $0.key, value: $0.value) }
}

extension Handshake {
    convenience init(
        path: String, query: String, headers: [Field], remoteHost: String = "", remotePort: Int = 0,
        secure: Bool = false, trusted: Bool = false
    ) {
        self.init(
            path: ByteString(path), query: ByteString(query), headers: HeaderFields(headers), remoteHost: remoteHost,
            remotePort: remotePort, secure: secure, trusted: trusted)
    }
}

extension HandshakeRequest {
    /// A request that nothing is wrong with, but for what the test changes: a field in `setting` replaces all of its
    /// name, one without a value takes it away, and `adding` comes on top.
    static func valid(
        method: String = "GET", _ target: String = "/api/ws/agent?session_token=T",
        setting: KeyValuePairs<String, String?> = [:], adding: KeyValuePairs<String, String> = [:],
        from remoteHost: String = "192.0.2.7", secure: Bool = false
    ) -> HandshakeRequest {
        var headers = fields([
            "Host": "app.example.com", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        ])
        for (name, value) in setting {
            headers.removeAll { $0.name == name }
            if let value { headers.append(Handshake.Field(name: name, value: value)) }
        }
        return HandshakeRequest(
            method: method, target: ByteString(target), headers: HeaderFields(headers + fields(adding)),
            remoteHost: remoteHost,
            remotePort: 50_000, secure: secure)
    }

    /// What `HandshakeCheck` says, in a form that tests compare.
    func outcome(
        definition: TableDefinition = TableDefinition(), listen: ListenSettings = ListenSettings()
    ) throws -> Outcome {
        switch HandshakeCheck.verdict(of: self, table: try RoutingTable(definition), listen: listen) {
        case .accept(let accepted): .accepted(accepted.identity)
        case .refuse(let refusal): .refused(refusal.status, refusal.code)
        case .health: .health
        }
    }
}

enum Outcome: Equatable {
    case accepted(ClientIdentity?)
    case refused(Int, String)
    case health
}

struct NotThatVerdict: Error {}

/// Both steps of a handshake in one.
enum BothSteps {
    case accept(Accepted)
    case refuse(HandshakeVerdict.Refusal)
    case health

    struct Accepted {
        let candidate: Candidate
        let identity: ClientIdentity?
        var handshake: Handshake { candidate.handshake }
    }

    var accepted: Accepted {
        get throws {
            guard case .accept(let accepted) = self else { throw NotThatVerdict() }
            return accepted
        }
    }

    var refusal: HandshakeVerdict.Refusal {
        get throws {
            guard case .refuse(let refusal) = self else { throw NotThatVerdict() }
            return refusal
        }
    }
}

extension HandshakeCheck {
    static func verdict(
        of request: HandshakeRequest, table: RoutingTable, listen: ListenSettings, at wall: UnixTime? = nil,
        says verdict: CredentialVerdict = .unasked
    ) -> BothSteps {
        switch candidate(of: request, table: table, listen: listen) {
        case .refuse(let refusal): .refuse(refusal)
        case .health: .health
        case .candidate(let candidate):
            switch admit(candidate, verdict, table, at: wall ?? UnixTime(milliseconds: 0), now: .zero) {
            case .admit(let identity): .accept(BothSteps.Accepted(candidate: candidate, identity: identity))
            case .refuse(let refusal): .refuse(refusal)
            }
        }
    }
}

extension ClientIdentity? {
    /// Of a token that nobody validated.
    static func session(token: ByteString) -> Self { ClientIdentity(token: token) }
    static var anonymous: Self { nil }
}
