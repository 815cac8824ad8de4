import ShuntCore
import ShuntTesting
import Testing

/// A session is found by its key, and shows its newest credential.
@Suite struct `Identity and credential` {
    private let world: Driver

    init() throws {
        world = try Driver(.agents { $0.everywhere { $0.inFlight = 2 } })
    }

    /// A socket of a validated session.
    private func connecting(_ session: String, _ token: String) throws -> (client: Int, happenings: [Driver.Happening])
    {
        let verdict = HandshakeCheck.verdict(
            of: .valid("/api/ws/agent?session_token=\(token)"), table: try RoutingTable(TableDefinition()),
            listen: ListenSettings(), says: .good(Claims(session: ClaimValue(text: ByteString(session)))))
        return world.connecting(as: try verdict.accepted.identity, query: "session_token=\(token)")
    }

    private func connect(_ session: String, _ token: String) throws -> Int { try connecting(session, token).client }

    @Test func `a later socket's credential is shown by later dials, of older sockets' messages too`() throws {
        let one = try connect("anna", "T1")
        world.say(one, Text.guide("1"))
        world.ready(1)
        let two = try connect("anna", "T2")
        #expect(world.census.sessions == 1)
        #expect(world.say(two, Text.guide("2")).forwarded == ["1: 2"], "the connection is the session's")
        world.say(one, Text.content("3"))
        world.say(two, Text.insights("4"))
        world.lose(1, 1001)
        world.say(one, Text.guide("5"))
        #expect(
            world.dials.map(\.request.target) == [
                "/guide?session_token=T1", "/liaison/content?session_token=T2", "/liaison/insights?session_token=T2",
                "/guide?session_token=T2",
            ])
    }

    @Test func `conversations, parked replies and what is under way are the session's, whatever it shows`() throws {
        let one = try connect("anna", "T1")
        for number in 1...3 { world.say(one, Text.guide("\(number)")) }
        world.ready(1)
        let first = Text.member("conversation_id", of: world.hear(1, Text.reply("a")).first)
        #expect(first?.hasPrefix("guide_") == true)
        world.leave(one)
        #expect(world.hear(1, Text.reply("b")) == [])
        let (two, happenings) = try connecting("anna", "T2")
        #expect(happenings.delivered == ["\(two): b"])
        #expect(Text.member("conversation_id", of: happenings.first) == first)
        #expect(world.hear(1, Text.reply("c")).delivered == ["\(two): c"])
    }

    @Test func `a session's bucket is its own, whatever it shows`() throws {
        try world.change { $0.routes[2].servedBy = Rollout(steps: 2500) }
        // Buckets on this route: anna 1552, bert 7880; T1 1620, T2 9764.
        for (session, token, isUnified) in [("anna", "T2", true), ("bert", "T1", false)] {
            #expect(world.say(try connect(session, token), Text.insights("m")).dials == 1)
            #expect(world.dials.last?.upstream.isUnified == isUnified)
        }
    }

    @Test func `the ledger counts a session once, whatever it shows`() throws {
        let (now, wall) = (world.now, UnixTime(milliseconds: 1_795_348_800_000))
        world.event { core, _ in core.countUsage(maxClients: 10, key: (1, 2), now: now, wall: wall) }
        for token in ["T1", "T2", "T3"] { world.say(try connect("anna", token), Text.guide("m")) }
        world.say(world.connect("anna"), Text.guide("m"))
        var batch = UsageBatch()
        world.event { core, _ in batch = core.takeUsage(now: now, wall: wall) }
        #expect(batch.rows.map(\.counts.sockets) == [4])
        #expect(batch.rows.map(\.counts.sessions.count) == [2], "the token that reads like its id is another's")
    }

    @Test func `an old client's next connection shows what its session showed last`() throws {
        let world = try Driver(.migration())
        let anna = ValidatedClaims(Claims(session: ClaimValue(text: "anna")))
        let old = world.arriving(Old.guide, as: ClientIdentity(Credential("T1"), anna)).client
        world.ready(1)
        _ = world.connecting(as: ClientIdentity(Credential("T2"), anna))
        #expect(world.census.sessions == 1)
        for side in [Rollout.unified, .legacy] { try world.change { $0.routes[0].servedBy = side } }
        #expect(world.say(old, Text.bare("m")).dials == 1)
        #expect(world.dials.map(\.request.target) == ["/guide?session_token=T1", "/guide?session_token=T2"])
    }

    @Test func `a token that reads like a session's id is another session`() throws {
        let anna = try connect("anna", "T1")
        let other = world.connect("anna")
        #expect(world.census.sessions == 2)
        var conversations: [String?] = []
        for client in [anna, other] {
            #expect(world.say(client, Text.guide("m")).dials == 1)
            world.ready(world.dials.count)
            conversations.append(
                Text.member("conversation_id", of: world.hear(world.dials.count, Text.reply("r")).first))
        }
        #expect(conversations[0] != conversations[1])
    }

    @Test func `messages and first words name the newest credential`() throws {
        let world = try Driver(
            .agents(servedBy: .unified) {
                $0.upstreams[3].identity = .message
                $0.upstreams[3].credential = nil
                $0.upstreams[3].onOpen = [OpeningMessage(send: #"{"message":"{token}"}"#)]
            })
        let anna = ValidatedClaims(Claims(session: ClaimValue(text: "anna")))
        func connect(_ token: ByteString) -> Int {
            world.connecting(as: ClientIdentity(Credential(token), anna)).client
        }
        let one = connect("T1")
        world.say(one, Text.guide("1"))
        let first = world.ready(1)
        #expect(first.forwarded == ["1: T1", "1: 1"])
        #expect(Text.member("session_token", of: first.last) == "T1")
        world.hear(1, Text.reply("r"))
        _ = connect("T2")
        #expect(Text.member("session_token", of: world.say(one, Text.guide("2")).last) == "T2")
        world.hear(1, Text.reply("r"))
        world.lose(1, 1001)
        world.say(one, Text.guide("3"))
        let second = world.ready(2)
        #expect(second.forwarded == ["2: T2", "2: 3"])
        #expect(Text.member("session_token", of: second.last) == "T2")
    }

    @Test func `a backend that tells the token that it was dialled with is not quoted`() throws {
        let one = try connect("anna", "an-older-token")
        world.say(one, Text.guide("1"))
        world.ready(1)
        let two = try connect("anna", "a-newer-token")
        world.say(two, Text.content("2"))
        world.ready(2)
        world.lose(1, 4001, "an-older-token is not known")
        world.lose(2, 4001, "who is a-newer-token?")
        #expect(
            world.upstreamCloses.map { String(decoding: $0.reason, as: UTF8.self) }
                == Array(repeating: "(left out: it shows the token)", count: 2))
    }

    @Test func `nor is its message's type`() throws {
        let world = try Driver(.agents { $0.everywhere { $0.replies.matchNone = false } })
        let anna = ValidatedClaims(Claims(session: ClaimValue(text: "anna")))
        let one = world.connecting(as: ClientIdentity(Credential("an-older-token"), anna)).client
        world.say(one, Text.guide("1"))
        world.ready(1)
        _ = world.connecting(as: ClientIdentity(Credential("a-newer-token"), anna))
        world.hear(1, #"{"type":"an-older-token"}"#)
        world.hear(1, #"{"type":"a-newer-token"}"#)
        world.pass(.seconds(2))
        #expect(!world.texts.joined().contains("token"))
    }
}
