import ShuntCore
import ShuntTesting
import Testing

/// What upstreams, rollouts and the ledger are told of a validated session.
@Suite struct DownstreamIdentityTests {
    private static func identity(
        _ token: ByteString, session: ByteString = "anna", _ change: (inout Claims) -> Void = { _ in }
    ) -> ClientIdentity {
        var claims = Claims(session: ClaimValue(text: session))
        claims.user = ClaimValue(text: "u\u{E9}")
        claims.tenant = ClaimValue(text: "acme")
        claims.others = ["roles": ClaimValue(.list, "a,b")]
        change(&claims)
        return ClientIdentity(Credential(token), ValidatedClaims(claims))
    }

    private static let fields = [
        IdentityField(name: "X-Session-Id", claim: .session), IdentityField(name: "x-user-id", claim: .user),
        IdentityField(name: "x-tenant-id", claim: .tenant), IdentityField(name: "x-roles", claim: .other("roles")),
    ]

    private static let forged = [
        Handshake.Field(name: "X-User-ID", value: "root"), Handshake.Field(name: "x_user_id", value: "root"),
        Handshake.Field(name: "X-Tenant_Id", value: "root"), Handshake.Field(name: "x-userid", value: "kept"),
    ]

    private func told(_ request: UpstreamRequest) -> [String: [String]] {
        let names = ["x-session-id", "x-user-id", "x_user_id", "x-tenant-id", "x-tenant_id", "x-roles", "x-userid"]
        let found = names.map { name in (name, request.headers.values(of: name).map(\.description)) }
        return Dictionary(found.filter { !$0.1.isEmpty }) { first, _ in first }
    }

    @Test func `a dial tells who the session is, and nothing that the client says of that`() throws {
        let world = try Driver(.agents { $0.everywhere { $0.passIdentity = Self.fields } })
        let client = world.connecting(as: Self.identity("T"), headers: Self.forged).client
        world.say(client, Text.guide("m"))
        let request = try #require(world.dials.last?.request)
        #expect(
            told(request) == [
                "x-session-id": ["anna"], "x-user-id": ["u\u{E9}"], "x-tenant-id": ["acme"], "x-roles": ["a,b"],
                "x-userid": ["kept"],
            ])
    }

    @Test func `of a session that nobody knows it tells nothing, and lets nobody else tell it`() throws {
        let world = try Driver(.agents { $0.everywhere { $0.passIdentity = Self.fields } })
        for token in ["T", nil] {
            let client = world.connect(token, headers: Self.forged)
            world.say(client, Text.guide("m"))
            let request = try #require(world.dials.last?.request)
            #expect(told(request) == ["x-userid": ["kept"]])
        }
    }

    @Test(arguments: [PassthroughMode.managed, .raw])
    func `on old clients' own connections too`(mode: PassthroughMode) throws {
        let world = try Driver(
            .migration {
                $0.everywhere { $0.passIdentity = Self.fields }
                $0.routes[0].endpoint?.passthrough = mode
            })
        _ = world.arriving(Old.guide, as: Self.identity("T"), headers: Self.forged)
        let request = try #require(world.dials.last?.request)
        #expect(told(request)["x-user-id"] == ["u\u{E9}"])
        #expect(told(request)["x_user_id"] == nil)
    }

    @Test func `a tenant is served by one side while the others stay`() throws {
        let world = try Driver(
            .agents {
                $0.routes[0].overrides = [
                    ClientOverride(tenant: "acme", servedBy: .unified),
                    ClientOverride(tenant: "ac*", servedBy: .legacy),
                ]
            })
        let ours = world.connecting(as: Self.identity("T1")).client
        let others = world.connecting(as: Self.identity("T2", session: "bert") { $0.tenant = nil }).client
        for client in [ours, others, world.connect("T3")] { world.say(client, Text.guide("m")) }
        #expect(
            world.dials.map(\.request.target) == [
                "/api/ws/agent?session_token=T1", "/guide?session_token=T2", "/guide?session_token=T3",
            ])
        try world.change { $0.routes[0].overrides = [] }
        #expect(world.say(ours, Text.guide("m")).dials + world.pass(.seconds(1)).dials <= 1)
    }

    @Test func `tenants that call their sessions the same have sessions of their own`() throws {
        let world = try Driver(.agents())
        _ = world.connecting(as: Self.identity("T1"))
        _ = world.connecting(as: Self.identity("T2") { $0.tenant = ClaimValue(text: "other") })
        _ = world.connecting(as: Self.identity("T3") { $0.user = ClaimValue(text: "other") })
        _ = world.connecting(as: Self.identity("T4") { $0.session = ClaimValue(.number, "anna") })
        _ = world.connecting(as: Self.identity("T5") { $0.issuer = "other" })
        _ = world.connecting(as: Self.identity("T6"))
        #expect(world.census.sessions == 5)
    }

    @Test func `the ledger counts by tenant, and by the app that the credential names`() throws {
        let world = try Driver(.agents())
        let now = world.now
        world.event { core, _ in
            core.countUsage(maxClients: 100, key: (1, 2), now: now, wall: UnixTime(milliseconds: 1_800_000_000_000))
        }
        let client = world.connecting(
            as: Self.identity("T") { $0.clientApp = ClaimValue(text: "mobile") }, query: "client=web"
        ).client
        world.say(client, Text.guide("m"))
        world.say(world.connect("T2", query: "client=web"), Text.guide("m"))
        var batch = UsageBatch()
        world.event { core, _ in
            batch = core.takeUsage(now: now, wall: UnixTime(milliseconds: 1_800_000_001_000))
        }
        #expect(Set(batch.rows.map(\.key.tenant)) == ["acme", nil])
        #expect(batch.rows.first { $0.key.tenant == "acme" }?.key.app == "mobile")
    }

    private func kick(_ world: Driver, _ choice: SessionChoice) -> (report: KickReport, happenings: [Driver.Happening])
    {
        var report = KickReport()
        let happenings = world.event { report = $0.kick(choice, &$1) }
        return (report, happenings)
    }

    @Test func `a user's sessions end, with all that is under way and kept for them`() throws {
        let world = try Driver(.agents { $0.everywhere { $0.inFlight = 1 } })
        let user = "u\u{E9}"
        let one = world.connecting(as: Self.identity("T1", session: "a")).client
        let two = world.connecting(as: Self.identity("T2", session: "b")).client
        let other = world.connecting(as: Self.identity("T3", session: "c") { $0.user = ClaimValue(text: "x") }).client
        world.say(one, Text.guide("1"))
        world.ready(1)
        world.say(one, Text.guide("2"))
        world.say(two, Text.guide("3"))
        world.ready(2)
        world.leave(two)
        world.hear(2, Text.reply("parked"))
        let (report, happenings) = kick(world, .user(user))
        #expect((report.sessions.count, report.sockets) == (2, 1))
        #expect(Set(happenings.compactMap(\.error)) == ["session_expired sent", "session_expired unsent"])
        #expect(happenings.contains(.closeClient(one, 1008, .kicked)))
        #expect(happenings.contains(.closeConnection(1, 1000)) && happenings.contains(.closeConnection(2, 1000)))
        #expect(world.say(other, Text.guide("4")).dials == 1, "nobody else")
        let again = world.connecting(as: Self.identity("T2", session: "b"))
        #expect(again.happenings.isEmpty, "nothing is kept")
        #expect(kick(world, .user("nobody")).report == KickReport())
    }

    @Test func `an old client's session ends by its name`() throws {
        let world = try Driver(.migration())
        let old = world.arrive(Old.guide, "anna")
        world.say(old, Text.bare("1"))
        let (report, happenings) = kick(world, .name(Driver.name(of: "anna")))
        #expect(report.sockets == 1)
        #expect(happenings.contains(.closeClient(old, 1008, .kicked)))
        #expect(!happenings.contains { if case .deliver = $0 { true } else { false } })
        #expect(world.census.clients == 0)
    }

    @Test func `a rollout's bucket is the user's, whatever sessions it has`() throws {
        let salt = "guide"
        for user in ["u1", "u2", "u3"] {
            let buckets = ["a", "b"].map { session in
                Bucket.of(
                    salt: salt,
                    user: Self.identity("T", session: session) { $0.user = ClaimValue(text: ByteString(user)) }.user)
            }
            #expect(Set(buckets).count == 1)
        }
    }
}
