import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Absorbing and heartbeats` {
    private static let ping = AbsorbedType("ping", answer: #"{"type":"pong","id":"{id}"}"#)
    private static let beat = BeatSettings(send: #"{"type":"heartbeat","from":"us"}"#, every: .seconds(5))

    @Test func `on the unified endpoint a ping is answered with its own members, and goes no further`() throws {
        let world = try Driver(.agents { $0.addressing.absorb = ["heartbeat", Self.ping] })
        let (anna, bob) = (world.connect("anna"), world.connect("bob"))
        #expect(
            world.say(anna, #"{"type":"ping","id":1.0,"agent_type":"guide"}"#)
                == [.deliver(anna, #"{"type":"pong","id":1.0}"#)])
        #expect(world.say(bob, #"{"type":"p\u0069ng"}"#) == [.deliver(bob, #"{"type":"pong"}"#)])
        #expect(world.say(bob, #"{"type":"heartbeat"}"#) == [])
        #expect(world.tally.absorbed == 3)
    }

    @Test func `an old client's ping is answered before and after its route has moved`() throws {
        let world = try Driver(
            .migration { $0.routes[0].endpoint?.heartbeat?.absorb = ["heartbeat", Self.ping] })
        let anna = world.arrive(Old.guide, "anna")
        #expect(world.say(anna, #"{"id":"a","type":"ping"}"#) == [.deliver(anna, #"{"type":"pong","id":"a"}"#)])
        try world.serve(0, by: .unified)
        #expect(world.say(anna, #"{"id":"b","type":"ping"}"#) == [.deliver(anna, #"{"type":"pong","id":"b"}"#)])
    }

    @Test func `what the legacy backend answered is answered for the unified one by its own endpoint's rule`() throws {
        let world = try Driver(
            .migration {
                $0.addressing.absorb = [Self.ping]
                $0.routes[0].endpoint?.heartbeat?.absorb = []
            })
        let anna = world.arrive(Old.guide, "anna")
        let ping = #"{"type":"ping","id":{"n":1}}"#
        #expect(world.say(anna, ping) == [.forward(1, ping)])
        world.hear(1, #"{"type":"response","message":"pong"}"#)
        try world.serve(0, by: .unified)
        #expect(world.say(anna, ping).contains(.deliver(anna, #"{"type":"pong","id":{"n":1}}"#)))
    }

    @Test func `a ping that waited for its route to move is answered then`() throws {
        let world = try Driver(
            .migration {
                $0.addressing.absorb = [Self.ping]
                $0.routes[0].endpoint?.heartbeat?.absorb = []
            })
        let anna = world.arrive(Old.guide, "anna")
        let pong = Driver.Happening.deliver(anna, #"{"type":"pong","id":7}"#)
        try world.change { $0.routes[0].isPaused = true }
        #expect(!world.say(anna, #"{"type":"ping","id":7}"#).contains(pong), "it waits for its backend")
        try world.change {
            $0.routes[0].isPaused = false
            $0.routes[0].servedBy = .unified
        }
        #expect(world.ready(2).contains(pong))
        #expect(world.tally.absorbed == 1)
        #expect(world.census.exchanges == 0)
    }

    @Test func `who does not read is answered nothing`() throws {
        let world = try Driver(.agents { $0.addressing.absorb = [Self.ping] })
        let anna = world.connect("anna")
        world.client(anna) { $0.clientCongested($1, &$2) }
        #expect(world.say(anna, #"{"type":"ping","id":1}"#) == [])
        world.client(anna) { $0.clientRelieved($1, &$2) }
        #expect(world.say(anna, #"{"type":"ping","id":2}"#) == [.deliver(anna, #"{"type":"pong","id":2}"#)])
    }

    @Test func `clients of the unified endpoint hear something on schedule, where that is set`() throws {
        let world = try Driver(.agents { $0.addressing.heartbeat = Self.beat })
        let anna = world.connect("anna")
        #expect(world.pass(.milliseconds(4_900)) == [])
        #expect(world.pass(.milliseconds(200)) == [.deliver(anna, Self.beat.send)])
        #expect(world.pass(.milliseconds(10_000)).filter { $0 == .deliver(anna, Self.beat.send) }.count == 2)
        #expect(world.tally.heartbeats == 3)
        world.client(anna) { $0.clientCongested($1, &$2) }
        #expect(!world.pass(.seconds(11)).contains(.deliver(anna, Self.beat.send)))
    }

    @Test func `a reload begins, changes and ends the heartbeats of sockets that are open`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        #expect(world.pass(.seconds(15)) == [])
        try world.change { $0.addressing.heartbeat = BeatSettings(send: "{}", every: .hours(1)) }
        #expect(!world.pass(.seconds(11)).contains(.deliver(anna, "{}")))
        try world.change { $0.addressing.heartbeat = Self.beat }
        #expect(world.pass(.milliseconds(5_100)).contains(.deliver(anna, Self.beat.send)))
        try world.change { $0.addressing.heartbeat = nil }
        #expect(!world.pass(.seconds(11)).contains(.deliver(anna, Self.beat.send)))
    }

    @Test func `each kind of endpoint has its own heartbeat`() throws {
        let world = try Driver(
            .migration {
                $0.addressing.heartbeat = Self.beat
                $0.routes[1].endpoint?.heartbeat = nil
            })
        let (new, guide, content) = (
            world.connect("anna"), world.arrive(Old.guide, "bob"), world.arrive(Old.content, "eve")
        )
        let heard = world.pass(.milliseconds(8_100))
        #expect(heard.filter { $0 == .deliver(new, Self.beat.send) }.count == 1)
        #expect(heard.filter { $0 == .deliver(guide, Old.heartbeat) }.count == 1)
        #expect(!heard.contains { if case .deliver(content, _) = $0 { true } else { false } })
    }
}
