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
}
