import ShuntCore
import ShuntTesting
import Testing

/// Which reply belongs to which message.
@Suite struct `Correlation` {
    @Test func `in order, one message is in flight and its reply is the next one`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        for number in 1...3 { world.say(anna, Text.guide("\(number)")) }
        #expect(world.ready(1).forwarded == ["1: 1"])
        #expect(world.hear(1, Text.reply("a")).delivered == ["1: a"])
        #expect(world.hear(1, Text.reply("b")).forwarded == ["1: 3"])
    }

    @Test func `a push between two replies moves nothing`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        #expect(world.hear(1, #"{"type":"progress","message":"x"}"#) == [])
        #expect(world.hear(1, #"{"type":7,"message":"x"}"#) == [])
        #expect(world.hear(1, Text.reply("a")).delivered == ["1: a"])
        #expect(world.tally.pushesDropped == 2)
    }

    @Test(
        arguments: [
            "response", "chat_response", "agent_response", "message", "error", "visualization", "analysis",
            "drill_down",
        ])
    func `these types are replies by default`(type: String) throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        #expect(world.hear(1, #"{"type":"\#(type)","message":"a"}"#).delivered == ["1: a"])
        #expect(world.census.exchanges == 0)
    }

    @Test func `a reply that nobody waits for retires the connection`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.hear(1, Text.reply("a"))
        #expect(world.hear(1, Text.reply("again")) == [.closeConnection(1, 1000)])
        #expect(world.notes.contains(.unexpectedReply(upstream: 0)))
        #expect(world.say(anna, Text.guide("2")) == [.dial(2)])
    }

    @Test func `by a field, replies find their messages in any order`() throws {
        let world = try field()
        let anna = world.connect("anna")
        for id in ["x", "y", "z"] { world.say(anna, #"{"agent_type":"guide","id":"\#(id)","message":"\#(id)"}"#) }
        #expect(world.ready(1).forwarded == ["1: x", "1: y", "1: z"])
        #expect(world.hear(1, #"{"id":"z","message":"Z"}"#).delivered == ["1: Z"])
        #expect(world.hear(1, #"{"id":"\u0078","message":"X"}"#).delivered == ["1: X"], "compared after unescaping")
        #expect(world.hear(1, #"{"id":"nobody","message":"N"}"#) == [])
        #expect(world.tally.unaskedReplies == 1)
        #expect(world.hear(1, #"{"id":"y","message":"Y"}"#).delivered == ["1: Y"])
    }

    @Test(arguments: ["7", "-1.5e2", "true", "false", #"{"a":1}"#, "[1]", #""""#])
    func `a value of any kind correlates`(value: String) throws {
        let world = try field()
        let anna = world.connect("anna")
        world.say(anna, #"{"agent_type":"guide","id":"first"}"#)
        world.say(anna, #"{"agent_type":"guide","id":\#(value),"conversation_id":"mine"}"#)
        world.ready(1)
        let delivered = world.hear(1, #"{"id":\#(value),"message":"r"}"#)
        #expect(Text.member("conversation_id", of: delivered.first) == "mine")
    }

    @Test(arguments: ["{\"message\":\"r\"}", #"{"id":null,"message":"r"}"#])
    func `a reply without the field belongs to the oldest`(reply: String) throws {
        let world = try field(unique: false)
        let anna = world.connect("anna")
        for id in ["x", "y"] {
            world.say(anna, #"{"agent_type":"guide","id":"\#(id)","conversation_id":"\#(id)"}"#)
        }
        world.ready(1)
        #expect(Text.member("conversation_id", of: world.hear(1, reply).first) == "x")
        #expect(Text.member("conversation_id", of: world.hear(1, reply).first) == "y")
    }

    @Test func `among messages with the same value the address decides, then age`() throws {
        let world = try Driver(
            .agents(servedBy: .unified) {
                $0.upstreams[3].correlation = .field("conversation_id", unique: false)
                $0.upstreams[3].inFlight = 9
            })
        let anna = world.connect("anna")
        world.say(anna, #"{"agent_type":"guide","conversation_id":"c","message":"1"}"#)
        world.say(anna, #"{"agent_type":"liaison","pillar":"content","conversation_id":"c","message":"2"}"#)
        world.say(anna, #"{"agent_type":"liaison","pillar":"content","conversation_id":"c","message":"3"}"#)
        world.ready(1)
        func reply(_ members: String) -> String? {
            Text.member("agent_type", of: world.hear(1, #"{"conversation_id":"c","message":"r"\#(members)}"#).first)
        }
        #expect(reply(#","agent_type":"liaison","pillar":"insights""#) == nil)
        #expect(reply(#","agent_type":"liaison","pillar":"content""#) == "liaison")
        #expect(reply("") == "guide", "the oldest, when the reply has no address")
        #expect(reply(#","pillar":"content""#) == "liaison")
    }

    @Test func `an error without the field ends what its address fits, and nothing of another agent`() throws {
        let world = try Driver(
            .agents(servedBy: .unified) {
                $0.upstreams[3].correlation = .field("conversation_id", unique: false)
                $0.upstreams[3].inFlight = 9
            })
        let anna = world.connect("anna")
        world.say(anna, #"{"agent_type":"guide","conversation_id":"c"}"#)
        world.say(anna, #"{"agent_type":"liaison","pillar":"content","conversation_id":"d"}"#)
        world.ready(1)
        func error(_ members: String) -> [Driver.Happening] { world.hear(1, #"{"type":"error"\#(members)}"#) }
        for address in [#","agent_type":"zzz""#, #","agent_type":"liaison","pillar":"insights""#] {
            #expect(error(address + #","message":"no""#).delivered == [])
        }
        #expect(world.tally.unaskedReplies == 2)
        #expect(world.census.exchanges == 2)
        #expect(error(#","agent_type":"liaison","message":"l""#).delivered == ["1: l"])
        #expect(error(#","message":"g""#).delivered == ["1: g"])
        #expect(world.census.exchanges == 0)
    }

    @Test func `a stream's parts stay together and only its last one ends it`() throws {
        let world = try Driver(
            .agents {
                $0.upstreams[0].replies.match = ["part", "done"]
                $0.upstreams[0].replies.until = ReplyEnd(values: ["done"])
            })
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.say(anna, Text.guide("2"))
        world.ready(1)
        #expect(world.hear(1, #"{"type":"part","message":"a"}"#).delivered == ["1: a"])
        #expect(world.hear(1, #"{"message":"b"}"#).delivered == ["1: b"])
        let last = world.hear(1, #"{"type":"done","message":"c"}"#)
        #expect(last.delivered == ["1: c"])
        #expect(last.forwarded == ["1: 2"])
        #expect(world.hear(1, #"{"type":"part","message":"d"}"#).delivered == ["1: d"])
        #expect(world.census.exchanges == 1)
    }

    @Test func `an error ends a stream`() throws {
        let world = try Driver(
            .agents {
                $0.upstreams[0].replies.match = ["part", "error"]
                $0.upstreams[0].replies.until = ReplyEnd(values: ["done"])
            })
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        #expect(world.hear(1, #"{"type":"error","message":"no"}"#).delivered == ["1: no"])
        #expect(world.census.exchanges == 0)
    }

    @Test(arguments: [MessageKind.binary, .text])
    func `what is no object ends the oldest exchange, and the connection takes no more`(kind: MessageKind) throws {
        let world = try Driver(.agents { $0.upstreams[0].inFlight = 2 })
        let anna = world.connect("anna")
        for number in 1...3 { world.say(anna, Text.guide("\(number)")) }
        world.ready(1)
        let told = world.hear(1, kind == .text ? "[1]" : Text.reply("r"), kind: kind)
        #expect(told.errors == ["upstream_protocol sent"])
        #expect(told.dials == 1, "the third goes over another one")
        #expect(world.hear(1, Text.reply("2")).delivered == ["1: 2"], "the second may finish")
        #expect(world.census.connections == 1)
    }

    @Test func `a reply that is too large ends its exchange, and the connection with it`() throws {
        let world = try Driver(.agents { $0.upstreams[0].inFlight = 2 })
        let anna = world.connect("anna")
        for number in 1...3 { world.say(anna, Text.guide("\(number)")) }
        world.ready(1)
        let told = world.connection(1) { $0.connectionMessageTooLarge($1, &$2) }
        #expect(told.errors == ["reply_too_large sent", "upstream_lost sent"])
        #expect(told.dials == 1)
    }

    private func field(unique: Bool = true) throws -> Driver {
        try Driver(
            .agents {
                $0.upstreams[0].correlation = .field("id", unique: unique)
                $0.upstreams[0].inFlight = 9
            })
    }
}
