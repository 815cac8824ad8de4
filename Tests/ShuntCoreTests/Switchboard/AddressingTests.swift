import ShuntCore
import ShuntTesting
import Testing

/// What a client's message is refused with, or where it goes.
@Suite struct `Addresses and validity` {
    private func world() throws -> (Driver, Int) {
        let world = try Driver(.agents())
        return (world, world.connect("anna"))
    }

    @Test(
        arguments: [
            (#"{"agent_type":"guide"}"#, "guide"),
            (#"{"agent_type":"guide","pillar":"content"}"#, "guide"),
            (#"{"agent_type":"guide","pillar":{"stale":[]}}"#, "guide"),
            (#"{"pillar":"content"}"#, "guide"),
            (#"{}"#, "guide"),
            (#"{"agent_type":null,"pillar":"insights"}"#, "guide"),
            (#"{"agent_type":"liaison","pillar":"insights"}"#, "liaison/insights"),
            (#"{"pillar":"insights","agent_type":"liaison"}"#, "liaison/insights"),
            (#"{"agent_type":"guide","agent_type":"gu\u0069de"}"#, "guide"),
            (#"{"agent_type":"liaison","pillar":"content","pillar":"content"}"#, "liaison/content"),
            (#"{"\u0061gent_type":"liaison","pillar":"content"}"#, "liaison/content"),
            (#"{"agent_type":"li\u0061ison","pillar":"cont\u0065nt"}"#, "liaison/content"),
            (#"{"x":{"agent_type":"liaison","pillar":"content"}}"#, "guide"),
            ("\n\t{ \"agent_type\" : \"guide\" } \r\n", "guide"),
        ])
    func `agent_type decides first, names and values compare after unescaping`(
        message: String, upstream: String
    ) throws {
        let (world, anna) = try world()
        #expect(world.say(anna, message) == [.dial(1)])
        #expect(world.dials[0].upstream.settings.name == upstream)
    }

    @Test(
        arguments: [
            (#"{"agent_type":"x"}"#, "unknown_agent", "Unknown agent_type: x"),
            (#"{"agent_type":"x","pillar":"content"}"#, "unknown_agent", "Unknown agent_type: x"),
            (#"{"agent_type":7}"#, "unknown_agent", "Unknown agent_type: 7"),
            (#"{"agent_type":true}"#, "unknown_agent", "Unknown agent_type: true"),
            (#"{"agent_type":["guide"]}"#, "unknown_agent", #"Unknown agent_type: ["guide"]"#),
            (#"{"agent_type":""}"#, "unknown_agent", "Unknown agent_type: "),
            (#"{"agent_type":"Guide"}"#, "unknown_agent", "Unknown agent_type: Guide"),
            (#"{"agent_type":"guide "}"#, "unknown_agent", "Unknown agent_type: guide "),
            (#"{"agent_type":"a\"\u00e9"}"#, "unknown_agent", "Unknown agent_type: a\"é"),
            (#"{"agent_type":"liaison"}"#, "pillar_required", "Pillar is required"),
            (#"{"agent_type":"liaison","pillar":null}"#, "pillar_required", "Pillar is required"),
            (#"{"agent_type":"liaison","pillar":"x"}"#, "unknown_pillar", "Unknown pillar: x"),
            (#"{"agent_type":"liaison","pillar":1.50}"#, "unknown_pillar", "Unknown pillar: 1.50"),
            (#"[]"#, "not_an_object", "The message must be a JSON object"),
            (#""text""#, "not_an_object", "The message must be a JSON object"),
            (#"12"#, "not_an_object", "The message must be a JSON object"),
            (#"null"#, "not_an_object", "The message must be a JSON object"),
            (#"{"agent_type":"guide""#, "bad_json", "The message is not valid JSON (at byte 21)"),
            (#"{"agent_type":"guide"}x"#, "bad_json", "The message is not valid JSON (at byte 22)"),
            (#"{"agent_type":"guide",}"#, "bad_json", "The message is not valid JSON (at byte 22)"),
            (#"hello"#, "bad_json", "The message is not valid JSON (at byte 0)"),
            (#""#, "bad_json", "The message is not valid JSON (at byte 0)"),
        ])
    func `what cannot be sent is an error on the same socket, which stays usable`(
        message: String, code: String, text: String
    ) throws {
        let (world, anna) = try world()
        let told = world.say(anna, message)
        #expect(told.errors == [code + " unsent"])
        #expect(told.delivered == ["1: \(text)"])
        #expect(told.count == 1, "nothing is dialled, nothing forwarded")
        #expect(world.say(anna, Text.guide("still here")) == [.dial(1)])
    }

    @Test func `without a default route a message without an address is refused`() throws {
        let world = try Driver(.agents { $0.addressing.defaultRoute = nil })
        let told = world.say(world.connect("anna"), #"{"pillar":"content"}"#)
        #expect(told.errors == ["unknown_agent unsent"])
        #expect(told.delivered == ["1: agent_type is required"])
    }

    @Test func `binary is refused before it is looked at`() throws {
        let (world, anna) = try world()
        #expect(world.say(anna, Text.guide("x"), kind: .binary).errors == ["binary_unsupported unsent"])
    }

    @Test(arguments: [(128, true), (129, false), (2000, false)])
    func `a message may be nested as deep as the setting says`(depth: Int, isGood: Bool) throws {
        let (world, anna) = try world()
        let arrays = String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1)
        let told = world.say(anna, #"{"agent_type":"guide","a":\#(arrays)}"#)
        if isGood {
            #expect(told == [.dial(1)])
        } else {
            #expect(told.errors == ["bad_json unsent"])
            #expect(told.delivered.first?.contains("nested deeper than 128 levels") == true)
        }
    }

    @Test func `a message that is too large is told so before its socket is closed`() throws {
        let (world, anna) = try world()
        let told = world.client(anna) { $0.clientMessageTooLarge($1, &$2) }
        #expect(told.errors == ["message_too_large unsent"])
        #expect(told.last == .closeClient(anna, 1009, .messageTooBig))
        #expect(world.census.clients == 0)
    }

    @Test func `more messages than a socket may send in a second are told when to come again`() throws {
        let world = try Driver(.agents { $0.limits.messagesPerSecond = 5 })
        let anna = world.connect("anna")
        for _ in 0..<10 { #expect(world.say(anna, #"{"type":"ping"}"#) == [], "a burst of twice that") }
        let told = world.say(anna, #"{"type":"ping"}"#)
        #expect(
            told == [
                .deliver(
                    anna,
                    #"{"type":"error","code":"rate_limited","message":"Too many messages; slow down","sent":false,"#
                        + #""retry_after":0.200}"#)
            ])
        world.pass(.milliseconds(200))
        #expect(world.say(anna, #"{"type":"ping"}"#) == [])
    }

    @Test func `what is long is cut in an error`() throws {
        let (world, anna) = try world()
        let long = String(repeating: "é", count: 300)
        let told = world.say(anna, #"{"agent_type":"\#(long)","conversation_id":"\#(long)"}"#)
        #expect(told.errors == ["unknown_agent unsent"])
        guard case .deliver(_, let text) = told.first else { return }
        #expect(text.utf8.count < 400)
    }
}
