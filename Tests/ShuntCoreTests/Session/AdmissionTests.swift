import ShuntCore
import Testing

/// The second step of a handshake: whose a candidate's credential is, and whether that one is let in.
@Suite struct `Admission` {
    private func admitted(_ target: String, _ claims: Claims) throws -> ClientIdentity? {
        try HandshakeCheck.verdict(
            of: .valid(target), table: try RoutingTable(TableDefinition()), listen: ListenSettings(),
            says: .good(claims)
        ).accepted.identity
    }

    @Test func `where nobody is asked the token is the identity`() throws {
        let identity = try #require(try admitted("/api/ws/agent?session_token=T", .none))
        #expect(identity.key == SessionKey(token: "T"))
        #expect(identity.credential == Credential("T"))
    }

    @Test func `a validator's session is the identity, and the token stays what is shown`() throws {
        let claims = Claims(session: ClaimValue(text: "s-1"))
        let (first, second) = (
            try admitted("/api/ws/agent?session_token=T1", claims),
            try admitted("/api/ws/agent?session_token=T2", claims)
        )
        #expect(first?.key == SessionKey(session: ClaimValue(text: "s-1"), of: .none))
        #expect(first?.key == second?.key)
        #expect(second?.credential == Credential("T2"))
    }

    @Test func `claims make nobody of a client without a token`() throws {
        #expect(try admitted("/api/ws/agent", Claims(session: ClaimValue(text: "s-1"))) == nil)
    }

    @Test func `a brownout takes in the session, whatever token it shows`() throws {
        let noon = UnixTime(milliseconds: 1_795_348_800_000)
        let brownout = Brownout(routes: ["guide"], from: noon, length: .hours(1), share: Rollout(steps: 5000))
        let table = try RoutingTable(
            .migration {
                $0.phase = .deprecate
                $0.deprecation.brownouts = [brownout]
            })
        for id in ["anna", "bert", "carl", "dora", "emil", "hugo"] {
            for token in ["T1", "T2", "T3", "T4"] {
                let verdict = HandshakeCheck.verdict(
                    of: .valid(Old.guide + "?session_token=\(token)"), table: table, listen: ListenSettings(), at: noon,
                    says: .good(Claims(session: ClaimValue(text: ByteString(id)))))
                #expect((try? verdict.refusal.code) == (brownout.picks(ByteString(id)) ? "brownout" : nil))
            }
        }
    }
}
