import ShuntCore
import ShuntTesting
import Testing

/// Messages taken out of their wrapper: the backend is told what was read, and nothing beside it.
@Suite struct `Out of the wrapper` {
    private func world(
        routeBy: [String], servedBy side: Side = .unified, _ change: (inout TableDefinition) -> Void = { _ in }
    ) throws -> Driver {
        try Driver(
            .agents(servedBy: side) { definition in
                definition.addressing.routeBy = routeBy
                definition.everywhere { $0.request.unwrap = "payload" }
                change(&definition)
            })
    }

    private func told(_ world: Driver, _ message: String) -> String? {
        world.say(world.connect("anna"), message)
        guard case .forward(_, let text)? = world.ready(1).first else { return nil }
        return text
    }

    @Test(arguments: [
        (#"{"agent_type":"guide","payload":{"agent_type":"liaison","m":1}}"#, #"{"m":1,"agent_type":"guide"}"#),
        (#"{"payload":{"agent_type":"liaison","m":1},"agent_type":"guide"}"#, #"{"m":1,"agent_type":"guide"}"#),
        (#"{"payload":{"agent_type":"liaison","m":1}}"#, #"{"m":1,"agent_type":"guide"}"#),
        (#"{"payload":{"pillar":"content","m":1}}"#, #"{"m":1,"agent_type":"guide"}"#),
        (#"{"agent_type":"guide","m":1}"#, #"{"agent_type":"guide","m":1}"#),
        (#"{"agent_type":"gu\u0069de","payload":{"m":1}}"#, #"{"agent_type":"gu\u0069de","m":1}"#),
        (
            #"{"agent_type":"liaison","pillar":"content","payload":{"pillar":"insights"}}"#,
            #"{"agent_type":"liaison","pillar":"content"}"#
        ),
        (
            #"{"agent_type":"guide","type":"chat","payload":{"type":"approval"}}"#,
            #"{"agent_type":"guide","type":"chat"}"#
        ),
        (#"{"agent_type":"guide","payload":{"type":"chat"}}"#, #"{"agent_type":"guide","type":"chat"}"#),
    ])
    func `what was routed by beside the wrapper is all that is said of it`(message: String, expected: String) throws {
        let world = try world(routeBy: ["agent_type", "pillar"])
        #expect(told(world, message) == expected)
    }

    @Test(arguments: [
        (#"{"agent":"liaison","payload":{"agent":"guide","m":1}}"#, #"{"m":1,"agent":"guide"}"#),
        (#"{"payload":{"agent":"guide","m":1},"agent":"liaison"}"#, #"{"m":1,"agent":"guide"}"#),
        (#"{"agent":"liaison","payload":{"m":1}}"#, #"{"m":1,"agent":"guide"}"#),
        (#"{"agent":"liaison","payload":{"agent":null,"m":1}}"#, #"{"m":1,"agent":"guide"}"#),
        (#"{"agent":"liaison"}"#, #"{"agent":"guide"}"#),
        (#"{"payload":{"agent":"guide","m":1,"agent":"guide"}}"#, #"{"m":1,"agent":"guide"}"#),
        (#"{"payload":{"agent":"guide","m":1}}"#, #"{"agent":"guide","m":1}"#),
        (
            #"{"conversation":"b","payload":{"agent":"guide","conversation":"c"}}"#,
            #"{"agent":"guide","conversation":"c"}"#
        ),
        (#"{"conversation":"b","payload":{"agent":"guide"}}"#, #"{"agent":"guide"}"#),
    ])
    func `what was routed by in the wrapper is all that is said of it`(message: String, expected: String) throws {
        let world = try world(routeBy: ["payload.agent", "payload.pillar"]) {
            $0.addressing.conversationField = "payload.conversation"
        }
        #expect(told(world, message) == expected)
    }

    @Test(arguments: [
        #"{"payload":{"agent":"guide","agent\u0000":"liaison"}}"#, #"{"payload":{"agent":"guide","\u0000":1}}"#,
    ])
    func `names that some parsers cut short are refused in the wrapper, too`(message: String) throws {
        for routeBy in ["payload.agent", "agent"] {
            let world = try world(routeBy: [routeBy]) { $0.routes.removeLast(2) }
            #expect(world.say(world.connect("anna"), message).errors == ["bad_member unsent"])
        }
    }

    @Test(arguments: [
        #"{"payload":{"a":1},"payload":{"b":1}}"#,
        #"{"meta":{"agent":"liaison"},"payload":{"meta":{"agent":"guide"}}}"#,
    ])
    func `two wrappers, or objects that become one, are refused`(message: String) throws {
        let world = try world(routeBy: ["payload.meta.agent"]) { $0.routes.removeLast(2) }
        #expect(world.say(world.connect("anna"), message).errors == ["ambiguous_member unsent"])
    }

    @Test(arguments: [
        (#"{"payload":{"m":1}}"#, #"{"m":1,"meta":{"agent":"guide"}}"#),
        (#"{"payload":{"meta":{"agent":"liaison","x":1}}}"#, #"{"meta":{"agent":"guide","x":1}}"#),
        (#"{"payload":{"meta":{"x":1}}}"#, #"{"meta":{"agent":"guide","x":1}}"#),
    ])
    func `an old endpoint's address is written at any depth`(message: String, expected: String) throws {
        let world = try Driver(
            .migration(servedBy: .unified) {
                $0.addressing.routeBy = ["payload.meta.agent", "pillar"]
                $0.upstreams[3].request.unwrap = "payload"
                $0.upstreams[3].correlation = .fifo
            })
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, message)
        #expect(world.ready(1) == [.forward(1, expected)])
    }
}
