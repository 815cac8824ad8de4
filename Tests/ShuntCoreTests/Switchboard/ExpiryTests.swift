import ShuntCore
import ShuntTesting
import Testing

/// Credentials that end while their sockets are open, and newer ones.
@Suite struct ExpiryTests {
    private static func claims(_ session: ByteString = "anna", user: ByteString = "u", expires: Int64? = nil) -> Claims
    {
        var claims = Claims(session: ClaimValue(text: session))
        claims.user = ClaimValue(text: user)
        claims.expires = expires.map { UnixTime(milliseconds: $0 * 1000) }
        return claims
    }

    private static let noon: Int64 = 1_800_000_000

    private func world(
        _ definition: TableDefinition = .agents(), _ change: (inout TableDefinition) -> Void = { _ in }
    ) throws -> Driver {
        var definition = definition
        var service = SessionServiceSettings()
        service.claims.session = [ClaimPath("sid")]
        definition.session.validation = .http(service)
        change(&definition)
        return try Driver(definition)
    }

    /// The identity of a credential that is good for so long from now on.
    private func identity(_ token: ByteString, for span: TimeSpan, in world: Driver) -> ClientIdentity {
        ClientIdentity(
            Credential(token),
            ValidatedClaims(Self.claims(expires: Self.noon + span.milliseconds / 1000), until: world.now + span))
    }

    /// The validator says so of what a client is refreshing with.
    private func judge(
        _ world: Driver, _ client: Int, _ token: ByteString, _ verdict: CredentialVerdict
    ) -> [Driver.Happening] {
        world.client(client) {
            $0.credentialJudged($1, Credential(token), verdict, at: UnixTime(milliseconds: Self.noon * 1000), &$2)
        }
    }

    private func refresh(_ token: String) -> String { #"{"type":"session_refresh","session_token":"\#(token)"}"# }

    @Test func `a socket closes when its credential has had its time`() throws {
        let world = try world()
        let client = world.connecting(as: identity("T", for: .seconds(90), in: world)).client
        #expect(world.pass(.seconds(89)).isEmpty)
        let end = world.pass(.seconds(2))
        #expect(
            end == [
                .deliver(client, #"{"type":"session_expired"}"#),
                .closeClient(client, 1008, .sessionExpired),
            ])
        #expect(world.tally.expired == 1)
    }

    @Test func `who wants it is told ahead, once`() throws {
        let world = try world { $0.session.expiry.notice = .seconds(60) }
        let client = world.connecting(as: identity("T", for: .seconds(90), in: world)).client
        #expect(world.pass(.seconds(29)).isEmpty)
        #expect(
            world.pass(.milliseconds(1_100)) == [.deliver(client, #"{"type":"session_expiring","expires_in":59}"#)])
        #expect(world.pass(.seconds(58)).isEmpty)
    }

    @Test func `what was sent is answered yet, and what was not is given back`() throws {
        let world = try world { $0.everywhere { $0.inFlight = 1 } }
        let client = world.connecting(as: identity("T", for: .seconds(10), in: world)).client
        world.say(client, Text.guide("1"))
        world.ready(1)
        world.say(client, Text.guide("2"))
        let expired = world.pass(.seconds(11))
        #expect(expired.compactMap(\.error) == ["session_expired unsent"])
        #expect(world.say(client, Text.guide("3")).map(\.error) == ["session_expired unsent"])
        let answered = world.hear(1, Text.reply("r"))
        #expect(answered.filter { if case .deliver = $0 { true } else { false } }.count == 2, "the reply, and the end")
        #expect(answered.last == .closeClient(client, 1008, .sessionExpired))
    }

    @Test func `what is not answered within the grace is kept for the session's next socket`() throws {
        let world = try world { $0.session.expiry.grace = .seconds(5) }
        let client = world.connecting(as: identity("T", for: .seconds(10), in: world)).client
        world.say(client, Text.guide("1"))
        world.ready(1)
        #expect(world.pass(.seconds(14)).allSatisfy { $0.error == nil })
        #expect(world.pass(.seconds(2)).last == .closeClient(client, 1008, .sessionExpired))
        #expect(world.hear(1, Text.reply("late")).isEmpty)
        let next = world.connecting(as: identity("T2", for: .seconds(100), in: world))
        #expect(next.happenings.count == 1)
        #expect(Text.member("message", of: next.happenings.first) == "late")
    }

    @Test func `a newer credential reopens the socket, and is what dials show`() throws {
        let world = try world()
        let client = world.connecting(as: identity("T", for: .seconds(10), in: world)).client
        world.say(client, Text.guide("1"))
        world.ready(1)
        world.pass(.seconds(11))
        #expect(world.say(client, refresh("T2")) == [.validate(client)])
        let later = Self.claims(expires: Self.noon + 100)
        #expect(
            judge(world, client, "T2", .good(later))
                == [.deliver(client, #"{"type":"session_refreshed","expires_in":100}"#)])
        world.hear(1, Text.reply("r"))
        world.lose(1, 1001)
        #expect(world.say(client, Text.guide("2")).dials == 1)
        #expect(world.dials.last?.request.target == "/guide?session_token=T2")
        #expect(world.pass(.seconds(98)).allSatisfy { if case .closeClient = $0 { false } else { true } })
        #expect(world.tally.refreshed == 1)
    }

    @Test(arguments: [false, true])
    func `connections of the older credential live on, or are replaced when they are idle`(redials: Bool) throws {
        let world = try world { $0.session.refresh.redials = redials }
        let client = world.connecting(as: identity("T", for: .seconds(100), in: world)).client
        world.say(client, Text.guide("1"))
        world.ready(1)
        world.say(client, refresh("T2"))
        let told = judge(world, client, "T2", .good(Self.claims(expires: Self.noon + 500)))
        #expect(!told.contains(.closeConnection(1, 1000)), "it has something to answer")
        #expect(world.hear(1, Text.reply("r")).contains(.closeConnection(1, 1000)) == redials)
        #expect(world.say(client, Text.guide("2")).dials == (redials ? 1 : 0))
    }

    @Test(arguments: [
        (CredentialVerdict.bad(status: 401, problem: "p"), false),
        (.unknown(problem: "p"), true),
        (.good(Self.claims("bert")), false),
        (.good(Self.claims(user: "another")), false),
        (.good(.none), false),
        (.good(Self.claims(expires: Self.noon - 1)), false),
    ])
    func `another's credential, and a bad one, change nothing`(verdict: CredentialVerdict, comesAgain: Bool) throws {
        let world = try world()
        let client = world.connecting(as: identity("T", for: .seconds(10), in: world)).client
        world.say(client, refresh("T2"))
        let told = judge(world, client, "T2", verdict)
        #expect(told.map(\.error) == ["refresh_refused unsent"])
        #expect("\(told)".contains("retry_after") == comesAgain)
        #expect(world.say(client, Text.guide("1")).dials == 1)
        #expect(world.dials.last?.request.target == "/guide?session_token=T")
        #expect(world.pass(.seconds(11)).contains { $0.error == "session_expired unsent" })
    }

    @Test func `an answer that nobody waits for changes nothing`() throws {
        let world = try world()
        let client = world.connecting(as: identity("T", for: .seconds(10), in: world)).client
        #expect(judge(world, client, "T2", .good(Self.claims(expires: Self.noon + 100))).isEmpty)
        world.say(client, refresh("T2"))
        #expect(judge(world, client, "T3", .good(Self.claims(expires: Self.noon + 100))).isEmpty)
        #expect(world.say(client, refresh("T4")).map(\.error) == ["refresh_refused unsent"], "one at a time")
        world.leave(client)
        #expect(judge(world, client, "T2", .good(Self.claims(expires: Self.noon + 100))).isEmpty)
        #expect(world.tally.refreshed == 0)
    }

    @Test func `a refresh never reaches a backend, whoever sends it`() throws {
        for token in ["T", nil] {
            let world = try Driver(.agents())
            let client = world.connect(token)
            let told = world.say(client, refresh("T2"))
            #expect(told.map(\.error) == ["refresh_refused unsent"])
            #expect(!"\(told)".contains("T2"))
        }
    }

    @Test(arguments: [
        #"{"type":"session_refresh"}"#, #"{"type":"session_refresh","session_token":7}"#,
        #"{"type":"session_refresh","session_token":""}"#, #"{"type":"session_refresh","session_token":"a\nb"}"#,
        #"{"type":"session_refresh","session_token":"a","session_token":"b"}"#,
    ])
    func `a refresh without one token is refused`(text: String) throws {
        let world = try world()
        let client = world.connecting(as: identity("T", for: .seconds(10), in: world)).client
        let told = world.say(client, text)
        #expect(told.count == 1 && told.first?.error?.hasSuffix(" unsent") == true, "\(told)")
    }

    @Test func `nothing is dialled with a credential that has had its time`() throws {
        let world = try world()
        // Another tab's credential is older still.
        let first = world.connecting(as: identity("T1", for: .seconds(20), in: world)).client
        world.pass(.seconds(15))
        world.say(first, Text.guide("1"))
        #expect(world.dials.count == 1)
        let told = world.fail(1) + world.pass(.seconds(10))
        #expect(told.contains { $0.error == "session_expired unsent" })
        #expect(world.dials.allSatisfy { $0.request.target == "/guide?session_token=T1" })
        #expect(told.last == .closeClient(first, 1008, .sessionExpired))
    }

    @Test func `an older credential that comes later is not shown`() throws {
        let world = try world()
        let first = world.connecting(as: identity("T2", for: .seconds(200), in: world)).client
        _ = world.connecting(as: identity("T1", for: .seconds(100), in: world))
        world.say(first, Text.guide("1"))
        #expect(world.dials.last?.request.target == "/guide?session_token=T2")
        // Each tab has its own deadline.
        let closed = world.pass(.seconds(101))
        #expect(closed.contains(.closeClient(2, 1008, .sessionExpired)))
        #expect(!closed.contains { if case .closeClient(first, _, _) = $0 { true } else { false } })
    }

    @Test func `an old client hears the close code of its endpoint, and nothing else`() throws {
        let world = try world(.migration()) { $0.routes[0].endpoint?.access.refusalCode = CloseCode(rawValue: 4001) }
        let client = world.arriving(Old.guide, as: identity("T", for: .seconds(10), in: world)).client
        world.ready(1)
        #expect(world.say(client, Text.bare("1")).forwarded.count == 1)
        let told = world.pass(.seconds(11)).filter { $0 != .deliver(client, Old.heartbeat) }
        #expect(told.isEmpty, "\(told)")
        let answered = world.hear(1, Text.reply("r"))
        #expect(answered.contains(.closeClient(client, 4001, .sessionExpired)))
    }
}

/// Connections that were dialled with a credential that a newer one has taken the place of.
@Suite struct OlderCredentialTests {
    private let claims = ValidatedClaims(Claims(session: ClaimValue(text: "anna")))

    private func identity(_ token: ByteString) -> ClientIdentity { ClientIdentity(Credential(token), claims) }

    @Test func `a backend that does not like the older one is shown the newer one, once`() throws {
        let world = try Driver(.agents { $0.everywhere { $0.closes = [4001: .auth] } })
        let client = world.connecting(as: identity("T1")).client
        world.say(client, Text.guide("1"))
        world.ready(1)
        world.hear(1, Text.reply("r"))
        _ = world.connecting(as: identity("T2"))
        world.lose(1, 4001)
        #expect(world.say(client, Text.guide("2")).dials + world.pass(.seconds(5)).dials == 1)
        #expect(world.dials.last?.request.target == "/guide?session_token=T2")
        world.ready(2)
        let told = world.lose(2, 4001)
        #expect(told.contains { $0.error == "session_expired unsent" || $0.error == "session_expired sent" })
        #expect(world.say(client, Text.guide("3")).map(\.error) == ["session_expired unsent"])
        #expect(world.dials.count == 2)
    }

    @Test func `no dial shows both`() throws {
        let world = try Driver(
            .agents {
                $0.session.token = [.query("t"), .header("x-token"), .cookie("c")]
                $0.everywhere { $0.credential = .header("authorization") }
            })
        let client = world.connecting(
            as: identity("T1"), query: "a=b&t=T1",
            headers: [
                Handshake.Field(name: "X-Token", value: "T1"), Handshake.Field(name: "Cookie", value: "other=1; c=T1"),
            ]
        ).client
        _ = world.connecting(as: identity("T2"))
        world.say(client, Text.guide("1"))
        let request = try #require(world.dials.last?.request)
        #expect(request.target == "/guide?a=b&t=T2")
        #expect(request.headers.values(of: "authorization") == ["Bearer T2"])
        #expect(request.headers.values(of: "x-token") == ["T2"])
        #expect(request.headers.values(of: "cookie").map(\.description) == ["other=1; c=T2"])
    }

    @Test func `a dial that is refused with the older one too`() throws {
        let world = try Driver(.agents())
        let client = world.connecting(as: identity("T1")).client
        world.say(client, Text.guide("1"))
        _ = world.connecting(as: identity("T2"))
        let refused = world.fail(1, .refused(status: 401))
        #expect(refused.compactMap(\.error).isEmpty)
        let dials = refused.dials + world.pass(.seconds(5)).dials
        #expect(dials == 1)
        #expect(world.dials.last?.request.target == "/guide?session_token=T2")
        #expect(world.fail(2, .refused(status: 401)).compactMap(\.error) == ["session_expired unsent"])
    }
}
