import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Error replies` {
    @Test func `an error about a refused message shows what the client wrote`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        #expect(
            world.say(anna, #"{"agent_type":"x\"y","conversation_id":17,"pillar":"p","message":"m"}"#) == [
                .deliver(
                    anna,
                    #"{"type":"error","code":"unknown_agent","message":"Unknown agent_type: x\"y","sent":false,"#
                        + #""agent_type":"x\"y","pillar":"p","conversation_id":17}"#)
            ])
    }

    @Test func `an error about an accepted message shows its route and conversation`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, #"{"agent_type":"liaison","pillar":"content","conversation_id":"\u0063","message":"m"}"#)
        world.ready(1)
        #expect(
            world.lose(1) == [
                .deliver(
                    anna,
                    #"{"type":"error","code":"upstream_lost","#
                        + #""message":"The connection to the agent was lost before it replied","sent":true,"#
                        + #""agent_type":"liaison","pillar":"content","conversation_id":"\u0063"}"#)
            ])
    }

    @Test(arguments: [
        "7", "1.50e3", #""\u00e9\/""#, "null", "false", "12345678901234567890123456789",
        "\"" + String(repeating: "x", count: 126) + "\"",
    ])
    func `errors repeat the request's id byte for byte, refused, waiting or sent`(id: String) throws {
        let world = try Driver(.agents { $0.upstreams[0].queue.messages = 1 })
        let anna = world.connect("anna")
        func message(_ agent: String) -> String { #"{"request_id": \#(id) ,"agent_type":"\#(agent)","message":"m"}"# }
        let echo = #","request_id":\#(id)}"#
        func isEchoed(_ happenings: [Driver.Happening], _ code: String) -> Bool {
            happenings.contains { happening in
                guard case .deliver(anna, let text) = happening else { return false }
                return text.contains(code) && text.hasSuffix(echo)
            }
        }
        #expect(isEchoed(world.say(anna, message("nobody")), "unknown_agent"))
        world.say(anna, message("guide"))
        #expect(isEchoed(world.say(anna, message("guide")), "queue_full"))
        world.ready(1)
        #expect(isEchoed(world.lose(1), "upstream_lost"))
    }

    @Test func `what is no short scalar, or comes over a legacy endpoint, is not repeated`() throws {
        let world = try Driver(.migration(servedBy: .unified))
        let (anna, old) = (world.connect("anna"), world.arrive(Old.guide, "bob"))
        let long = "\"" + String(repeating: "x", count: 127) + "\""
        for value in ["[1]", #"{"a":1}"#, long] {
            world.say(anna, #"{"agent_type":"nobody","request_id":\#(value)}"#)
            let heard = world.say(anna, #"{"agent_type":"nobody","request_id":\#(value)}"#)
            #expect(heard.errors == ["unknown_agent unsent"])
            #expect(!"\(heard)".contains("request_id"), "\(value)")
        }
        world.say(old, #"{"message":"m","request_id":"r"}"#)
        #expect(!"\(world.fail(1, .refused(status: 403)))".contains("request_id"))
    }

    @Test func `what is repeated can be named, and waits with its message over a change of sides`() throws {
        let world = try Driver(.agents { $0.addressing.echo = ["n", "trace"] })
        let anna = world.connect("anna")
        world.say(anna, #"{"trace":"t","message":"m","n":1,"agent_type":"guide","request_id":"r"}"#)
        let heard = world.fail(1, .refused(status: 403))
        #expect(heard.errors.count == 1)
        #expect("\(heard)".contains(#"\"n\":1,\"trace\":\"t\"}"#) || "\(heard)".contains(#""n":1,"trace":"t"}"#))
        #expect(!"\(heard)".contains("request_id"))
    }

    @Test func `an error names the conversation that was made for the client`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, Text.guide("m"))
        #expect(
            world.fail(1, .refused(status: 404)) == [
                .deliver(
                    anna,
                    #"{"type":"error","code":"upstream_unavailable","message":"The agent is not available","#
                        + #""sent":false,"agent_type":"guide","#
                        + #""conversation_id":"guide_\#(Driver.name(of: "anna"))"}"#)
            ])
    }

    @Test func `every code has words, and is written as JSON with the members it is given`() throws {
        for code in ErrorCode.allCases {
            var bytes: [UInt8] = []
            ErrorReply.append(
                code, sent: true, members: [("a\"", Array("[1]".utf8)), ("none", [])], to: &bytes)
            let members = try #require(JSONReader.members(of: bytes))
            #expect(members.map(\.key) == ["type", "code", "message", "sent", "a\""])
            #expect(JSONReader.string(of: members[1].value) == code.rawValue)
            #expect(JSONReader.string(of: members[2].value)?.isEmpty == false)
        }
    }

    @Test(
        arguments: [
            (1, "0.001"), (999_999, "0.001"), (1_000_001, "0.002"), (1_500_000_000, "1.500"),
            (60_000_000_000, "60.000"),
            (0, "0.001"), (.max, "9223372036.855"),
        ] as [(Int64, String)])
    func `a time to wait is written in seconds, rounded up`(nanoseconds: Int64, text: String) {
        #expect(String(decoding: decimalSeconds(TimeSpan(nanoseconds: nanoseconds)), as: UTF8.self) == text)
    }
}
