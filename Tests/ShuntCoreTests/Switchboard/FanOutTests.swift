import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Fan-out` {
    @Test func `a message is dialled for, stripped of its address and answered with tags`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        #expect(world.say(anna, Text.guide("hi")) == [.dial(1)])
        #expect(world.dials[0].upstream.settings.name == "guide")
        #expect(world.ready(1) == [.forward(1, Text.bare("hi"))])
        #expect(world.hear(1, Text.reply("hello")) == [.deliver(anna, Text.fromGuide("hello", to: "anna"))])
    }

    @Test func `each agent has a connection of its own, dialled on its first message`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        #expect(world.say(anna, Text.guide("a")) == [.dial(1)])
        #expect(world.say(anna, Text.content("b")) == [.dial(2)])
        #expect(world.say(anna, Text.insights("c")) == [.dial(3)])
        #expect(world.dials.map(\.upstream.settings.name) == ["guide", "liaison/content", "liaison/insights"])
        #expect(world.ready(2) == [.forward(2, Text.bare("b"))], "a slow guide holds nobody up")
        #expect(world.hear(2, Text.reply("B")).delivered == ["1: B"])
        #expect(world.say(anna, Text.content("d")) == [.forward(2, Text.bare("d"))])
    }

    @Test func `what no rule names survives both ways byte for byte`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, Text.guide("first"))
        world.ready(1)
        world.hear(1, Text.reply("x"))
        let odd = #""n" : 1.0E+2 , "u":"\u00e9\/", "o":{"agent_type":"liaison","b":[ 1 ]}"#
        #expect(
            world.say(anna, #"{ \#(odd) ,"agent_type":"guide"}"#) == [.forward(1, #"{ \#(odd)}"#)])
        #expect(
            world.hear(1, #"{"type":"response", \#(odd) }"#) == [
                .deliver(
                    anna,
                    #"{"type":"response", \#(odd) ,"agent_type":"guide","#
                        + #""conversation_id":"guide_\#(Driver.name(of: "anna"))"}"#)
            ])
    }

    @Test func `a reply's own address is overwritten, a pillar that the route does not have goes`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, #"{"agent_type":"guide","conversation_id":"c","message":"hi"}"#)
        world.ready(1)
        let reply = #"{"type":"response","agent_type":"x","pillar":"y","agent_type":"z","conversation_id":null}"#
        #expect(
            world.hear(1, reply) == [
                .deliver(anna, #"{"type":"response","agent_type":"guide","conversation_id":"c"}"#)
            ])
    }

    @Test func `a reply without a type is a reply, and its rules bring it to the unified form`() throws {
        let world = try Driver(
            .agents {
                $0.upstreams[1].toUnified.rename = [.init(from: "response", to: "message")]
                $0.upstreams[1].toUnified.defaults = [.init(field: "type", json: #""message""#)]
                $0.upstreams[1].toUnified.drop = ["success"]
            })
        let anna = world.connect("anna")
        world.say(anna, #"{"agent_type":"liaison","pillar":"content","conversation_id":"c"}"#)
        world.ready(1)
        let delivered = world.hear(1, #"{"success":true,"response":"R","x":1}"#)
        #expect(delivered.delivered == ["1: R"])
        let expected =
            #"{"x":1,"message":"R","type":"message","agent_type":"liaison","pillar":"content","conversation_id":"c"}"#
        #expect(delivered.map { Text.sorted($0) } == [Text.sorted(.deliver(anna, expected))])
    }

    @Test func `rules of the request are applied to what an upstream gets`() throws {
        let world = try Driver(
            .agents {
                $0.upstreams[0].request.rename = [.init(from: "message", to: "text")]
                $0.upstreams[0].request.set = [.init(field: "source", json: #""shunt""#)]
            })
        let anna = world.connect("anna")
        world.say(anna, Text.guide("hi"))
        #expect(world.ready(1) == [.forward(1, #"{"text":"hi","source":"shunt"}"#)])
    }

    @Test func `a type that is absorbed goes nowhere, one that is one-way awaits nothing`() throws {
        let world = try Driver(.agents { $0.addressing.oneWay = ["note"] })
        let anna = world.connect("anna")
        for type in ["heartbeat", "ping", "pong"] { #expect(world.say(anna, #"{"type":"\#(type)"}"#) == []) }
        #expect(world.tally.absorbed == 3)
        world.say(anna, #"{"type":"note","agent_type":"guide","message":"n"}"#)
        world.say(anna, Text.guide("q"))
        #expect(
            world.ready(1) == [.forward(1, #"{"type":"note","message":"n"}"#), .forward(1, Text.bare("q"))],
            "in their order, and the second waits for nothing")
        #expect(world.hear(1, Text.reply("a")).delivered == ["1: a"])
        #expect(world.census.exchanges == 0)
    }

    @Test(arguments: [
        #"{"session_token":"evil","agent_type":"guide","message":"m"}"#,
        #"{"agent_type":"guide","message":"m","session_token":{"a":1}}"#,
        #"{"session_token":"a","agent_type":"guide","session_token":"b","message":"m","session_token":"c"}"#,
        #"{"session\u005ftoken":"a","agent_type":"guide","message":"m"}"#,
    ])
    func `a client's own session token never goes on, whichever way it is written`(message: String) throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, message)
        #expect(world.ready(1) == [.forward(1, Text.bare("m"))])
    }

    @Test func `messages of one socket and route stay in order, however they wait`() throws {
        let world = try Driver(.agents { $0.upstreams[0].inFlight = 2 })
        let anna = world.connect("anna")
        for number in 1...5 { world.say(anna, Text.guide("\(number)")) }
        #expect(world.ready(1).forwarded == ["1: 1", "1: 2"])
        #expect(world.hear(1, Text.reply("a")).forwarded == ["1: 3"])
        world.say(anna, Text.guide("6"))
        #expect(world.hear(1, Text.reply("b")).forwarded == ["1: 4"])
        #expect(world.hear(1, Text.reply("c")).forwarded == ["1: 5"])
        #expect(world.hear(1, Text.reply("d")).forwarded == ["1: 6"])
    }
}
