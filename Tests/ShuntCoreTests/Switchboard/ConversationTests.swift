import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Conversation ids` {
    private func conversation(_ happenings: [Driver.Happening]) -> String? {
        guard case .deliver(_, let text) = happenings.last,
            let member = JSONReader.members(of: [UInt8](text.utf8))?.last(where: { $0.key == "conversation_id" })
        else { return nil }
        return String(decoding: member.value, as: UTF8.self)
    }

    @Test(arguments: [#""c-1""#, "17", "-1.50e3", #""\u00e9\/""#, "true", #"{"a":[1]}"#])
    func `what the client sent comes back as it was written`(id: String) throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, #"{"agent_type":"guide","conversation_id":\#(id)}"#)
        #expect(world.ready(1) == [.forward(1, #"{"conversation_id":\#(id)}"#)])
        #expect(conversation(world.hear(1, Text.reply("r"))) == id)
        world.say(anna, #"{"agent_type":"guide","conversation_id":\#(id)}"#)
        #expect(conversation(world.hear(1, #"{"type":"response","conversation_id":"x"}"#)) == id)
    }

    @Test(arguments: ["", #","conversation_id":null"#, #","conversation_id":"""#])
    func `when it sent none, one is made that is stable for the session and route`(member: String) throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        let name = Driver.name(of: "anna")
        world.say(anna, #"{"agent_type":"guide"\#(member)}"#)
        world.ready(1)
        #expect(conversation(world.hear(1, Text.reply("r"))) == "\"guide_\(name)\"")
        world.leave(anna)
        let again = world.connect("anna")
        world.say(again, #"{"agent_type":"liaison","pillar":"content"\#(member)}"#)
        world.ready(2)
        #expect(conversation(world.hear(2, Text.reply("r"))) == "\"liaison_content_\(name)\"")
        world.say(again, #"{"agent_type":"guide"\#(member)}"#)
        #expect(conversation(world.hear(1, Text.reply("r"))) == "\"guide_\(name)\"")
    }

    @Test func `the token never shows in it, and clients without one are told apart`() throws {
        let world = try Driver(.agents())
        var seen: [String] = []
        for (index, token) in ["secret", nil, nil].enumerated() {
            let client = world.connect(token)
            world.say(client, Text.guide("m"))
            world.ready(index + 1)
            seen.append(try #require(conversation(world.hear(index + 1, Text.reply("r")))))
        }
        #expect(Set(seen).count == 3)
        #expect(seen.allSatisfy { !$0.contains("secret") && $0.hasPrefix("\"guide_") && $0.utf8.count == 24 })
    }

    @Test func `a template says how it is made`() throws {
        let world = try Driver(.agents { $0.addressing.conversationTemplate = "s:{session}/{agent_type}.{pillar}" })
        let anna = world.connect("anna")
        world.say(anna, Text.content("m"))
        world.ready(1)
        #expect(conversation(world.hear(1, Text.reply("r"))) == "\"s:\(Driver.name(of: "anna"))/liaison.content\"")
    }
}
