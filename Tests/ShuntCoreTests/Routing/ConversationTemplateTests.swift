import ShuntCore
import Testing

@Suite struct `Templates of conversation ids` {
    @Test(
        arguments: [
            (nil, ["guide"], "guide_S"),
            (nil, ["liaison", "content"], "liaison_content_S"),
            ("{agent_type}_{pillar}_{session}", ["guide"], "guide_S"),
            ("{agent_type}_{pillar}_{session}", ["liaison", "content"], "liaison_content_S"),
            ("{session}", ["guide"], "S"),
            ("fixed", ["guide"], "fixed"),
            ("{pillar}-{session}", ["a", "b"], "b-S"),
            ("{session}{session}", ["a"], "SS"),
            ("{unknown}_{session}", ["a"], "{unknown}_S"),
            ("a}b{c", ["a"], "a}b{c"),
            ("{agent_type}", ["say \"hi\"\n"], #"say \"hi\"\n"#),
        ] as [(String?, [String], String)])
    func `the values of a route and the session stand where the template says`(
        template: String?, match: [String], id: String
    ) {
        let made = ConversationTemplate(template, fields: ["agent_type", "pillar"])
        #expect(String(decoding: made.make(match: match, session: [0x53]), as: UTF8.self) == "\"\(id)\"")
    }

    @Test func `a name that means nothing is found`() {
        let fields = ["agent_type", "pillar"]
        #expect(ConversationTemplate.problem(in: "{agent_type}_{sesion}", fields: fields) == "sesion")
        #expect(ConversationTemplate.problem(in: "{agent_type}{}", fields: fields) == "")
        #expect(ConversationTemplate.problem(in: "{agent_type}_{pillar}_{session}", fields: fields) == nil)
        #expect(ConversationTemplate.problem(in: "}{", fields: fields) == nil)
    }
}
