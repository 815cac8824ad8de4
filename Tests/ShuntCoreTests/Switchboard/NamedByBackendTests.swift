import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Conversations that a backend names` {
    private static let none = ["", #","conversation_id":null"#, #","conversation_id":"""#]

    private func reply(_ id: String) -> String {
        #"{"type":"response","message":"r","agent_type":"guide","conversation_id":"\#(id)"}"#
    }
    private func guide(_ message: String, _ member: String = "") -> String {
        #"{"agent_type":"guide","message":"\#(message)"\#(member)}"#
    }
    private func id(_ happening: Driver.Happening?) -> String? { Text.member("conversation_id", of: happening) }

    @Test(arguments: none)
    func `keep that name, for the client and for the backend`(member: String) throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, guide("1", member))
        let first = world.ready(1)
        #expect(first.forwarded == ["1: 1"])
        #expect(["", nil].contains(id(first.first)), "one that was made goes to nobody who did not ask for it")
        #expect(id(world.hear(1, reply("srv-1")).first) == "srv-1")
        #expect(id(world.say(anna, guide("2", member)).first) == "srv-1")
        #expect(id(world.hear(1, Text.reply("r")).first) == "srv-1")
        let named = world.say(anna, guide("3", #","conversation_id":"mine""#))
        #expect(id(named.first) == "mine", "what the client names goes as it is")
        #expect(id(world.hear(1, reply("other")).first) == "mine")
        #expect(id(world.say(anna, guide("4", member)).first) == "srv-1")
    }

    @Test func `also for what waits already, and each socket has its own`() throws {
        let world = try Driver(.agents())
        let (anna, tab) = (world.connect("anna"), world.connect("anna"))
        for number in 1...2 { world.say(anna, guide("\(number)")) }
        world.say(tab, guide("3"))
        world.ready(1)
        let heard = world.hear(1, reply("srv-1"))
        #expect(id(heard.last) == "srv-1")
        #expect(heard.forwarded == ["1: 2"])
        let next = world.hear(1, reply("srv-1"))
        #expect(next.forwarded == ["1: 3"])
        #expect(id(next.last) == nil)
        #expect(id(world.hear(1, reply("srv-2")).first) == "srv-2")
        #expect(id(world.say(tab, guide("4")).first) == "srv-2")
    }

    @Test func `stay on their side while a share begins, and their name goes to no other side`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, guide("1"))
        world.ready(1)
        world.hear(1, reply("srv-1"))
        try world.change { $0.routes[0].servedBy = Rollout(steps: 9_999) }
        #expect(id(world.say(anna, guide("2")).first) == "srv-1")
        world.hear(1, reply("srv-1"))
        try world.change { $0.routes[0].servedBy = .unified }
        #expect(world.say(anna, guide("3")) == [.dial(2)])
        let there = world.ready(2)
        #expect(there.forwarded == ["2: 3"])
        #expect(id(there.first) == nil)
        #expect(id(world.hear(2, reply("u-1")).first) == "u-1")
        #expect(id(world.say(anna, guide("4")).first) == "u-1")
    }

    @Test func `where they tell replies apart, a reply of an unknown one is for what named none`() throws {
        let world = try Driver(
            .agents(servedBy: .unified) {
                $0.upstreams[3].correlation = .field("conversation_id", unique: false)
                $0.upstreams[3].inFlight = 8
            })
        let bob = world.connect("bob")
        world.say(bob, guide("0"))
        #expect(id(world.ready(1).first) == "guide_\(Driver.name(of: "bob"))", "there the backend is given one")
        #expect(id(world.hear(1, reply("srv-0")).first) == "srv-0", "and this one does not care")
        let anna = world.connect("anna")
        world.say(anna, guide("1", #","conversation_id":"c""#))
        for number in 2...3 { world.say(anna, guide("\(number)")) }
        world.say(anna, guide("4", #","conversation_id":"d""#))
        let first = world.ready(2)
        #expect(first.forwarded == ["2: 1", "2: 2"], "a second one without a name would not be told from the first")
        let heard = world.hear(2, reply("srv-1"))
        #expect(id(heard.first) == "srv-1")
        #expect(heard.forwarded == ["2: 3", "2: 4"], "and nothing of a socket overtakes")
        #expect(heard.dropFirst().map { id($0) } == ["srv-1", "d"])
        #expect(id(world.hear(2, reply("c")).first) == "c")
        #expect(world.say(anna, guide("5")).forwarded == ["2: 5"], "a name is known, and they go on together")
        #expect(world.hear(2, reply("nobody's")).delivered == [])
    }

    /// A backend that answers the later message first.
    private func correlating(_ change: (inout TableDefinition) -> Void = { _ in }) throws -> Driver {
        try Driver(
            .agents {
                $0.upstreams[0].correlation = .field("conversation_id", unique: false)
                $0.upstreams[0].inFlight = 4
                change(&$0)
            })
    }

    @Test func `not even the first ones are in flight together`() throws {
        let world = try correlating()
        let anna = world.connect("anna")
        for number in 1...3 { world.say(anna, guide("\(number)")) }
        #expect(world.ready(1).forwarded == ["1: 1"], "the reply may bring any id")
        #expect(world.say(anna, guide("4")).forwarded == [])
        let heard = world.hear(1, reply("srv-1"))
        #expect(id(heard.first) == "srv-1")
        #expect(heard.forwarded == ["1: 2", "1: 3", "1: 4"], "from then on they name it")
        #expect(heard.dropFirst().allSatisfy { id($0) == "srv-1" })
        let bert = world.connect("bert")
        for number in 1...2 { world.say(bert, guide("\(number)")) }
        #expect(world.ready(2).forwarded == ["2: 1"], "another session's conversation has no name yet")
    }

    @Test func `a backend that gives back what was made gets as many as it may, after the first reply`() throws {
        let world = try correlating()
        let anna = world.connect("anna")
        let made = "guide_\(Driver.name(of: "anna"))"
        for number in 1...6 { world.say(anna, guide("\(number)")) }
        #expect(world.ready(1).forwarded == ["1: 1"])
        #expect(world.hear(1, reply(made)).forwarded == ["1: 2", "1: 3", "1: 4", "1: 5"])
        #expect(world.hear(1, reply(made)).forwarded == ["1: 6"])
        let bert = world.connect("bert")
        for number in 1...5 { world.say(bert, guide("\(number)")) }
        #expect(world.ready(2).forwarded == (1...4).map { "2: \($0)" }, "it is known")
        // It names one all the same.
        #expect(id(world.hear(2, reply("srv-1")).first) == "srv-1")
        let carl = world.connect("carl")
        for number in 1...2 { world.say(carl, guide("\(number)")) }
        #expect(world.ready(3).forwarded == ["3: 1"])
        // Another backend may stand at another address.
        world.hear(3, reply("srv-2"))
        try world.change { $0.upstreams[0].address.port += 1 }
        let dora = world.connect("dora")
        for number in 1...2 { world.say(dora, guide("\(number)")) }
        let connection = world.dials.count
        #expect(world.ready(connection).forwarded == ["\(connection): 1"])
        let known = "guide_\(Driver.name(of: "dora"))"
        world.hear(connection, reply(known))
        world.hear(connection, reply(known))
        for number in 3...4 { #expect(world.say(dora, guide("\(number)")).forwarded.count == 1) }
    }

    @Test func `replies that tell nothing leave it so, and what clients name waits for nothing`() throws {
        let world = try correlating()
        let anna = world.connect("anna")
        world.say(anna, guide("1"))
        #expect(world.ready(1).forwarded == ["1: 1"])
        let ben = world.connect("anna")
        #expect(world.say(ben, guide("2", #","conversation_id":"b""#)).forwarded == ["1: 2"])
        #expect(world.say(ben, guide("3")).forwarded == [], "another socket of the session, on the same connection")
        #expect(world.hear(1, reply("b")).forwarded == [])
        #expect(world.hear(1, #"{"type":"error","message":"no"}"#).forwarded == ["1: 3"])
        #expect(world.say(anna, guide("4")).forwarded == [])
    }

    @Test func `a template in the file is a wish that the unified backend be given what was made`() throws {
        for wishes in [false, true] {
            let world = try Driver(.agents(servedBy: .unified) { $0.addressing.sendsMadeConversation = wishes })
            world.say(world.connect("anna"), guide("1"))
            #expect((id(world.ready(1).first) != nil) == wishes)
        }
    }
}
