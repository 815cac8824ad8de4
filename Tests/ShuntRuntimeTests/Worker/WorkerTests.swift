import ShuntCore
import ShuntReactor
import ShuntTesting
import Testing

@testable import ShuntRuntime

/// A worker on a network in memory.
@Suite
struct WorkerTests {
    @Test
    func `all output of a turn leaves in one write`() throws {
        let world = try FakeWorld()
        let client = try world.client()
        let messages = (0..<3).flatMap { _ in
            WireSocket.bytes(1, Array(#"{"agent_type":"nobody","message":"x"}"#.utf8), masked: true)
        }
        client.say(messages)
        let before = world.worker.reactor.counts.sends
        world.run()
        #expect(world.worker.reactor.counts.sends == before + 1)
        let frames = client.frames()
        #expect(frames.count == 3)
        #expect(frames.allSatisfy { $0.opcode == 1 && !$0.isMasked && $0.text.contains("unknown_agent") })
    }

    @Test
    func `messages of many clients to one upstream leave in one write`() throws {
        let world = try FakeWorld { $0.upstreams[0].inFlight = 8 }
        let clients = try (0..<3).map { _ in try world.client(target: "/api/ws/agent?session_token=one") }
        for (index, client) in clients.enumerated() {
            client.say(#"{"agent_type":"guide","message":"\#(index)"}"#, masked: true)
        }
        let (upstream, head) = try world.dialled()
        upstream.say(Array(TestBackend.upgrade(acceptKey: SecWebSocket.acceptKey(for: TestBackend.key(of: head))).utf8))
        let before = world.worker.reactor.counts.sends
        world.run()
        #expect(world.worker.reactor.counts.sends == before + 1)
        let frames = upstream.frames()
        #expect(frames.map(\.isMasked) == [true, true, true])
        #expect(frames.map { $0.text.contains("agent_type") } == [false, false, false])
    }

    @Test
    func `a message cut at any byte is the same message`() throws {
        let world = try FakeWorld()
        let client = try world.client()
        let payload = Array(#"{"agent_type":"nobody","message":"größe"}"#.utf8)
        let frames = WireSocket.bytes(1, payload, masked: true) + WireSocket.bytes(9, [1, 2], masked: true)
        for cut in 1..<frames.count {
            client.say(Array(frames[..<cut]))
            world.run()
            client.say(Array(frames[cut...]))
            world.run()
            let answers = client.frames()
            #expect(answers.map(\.opcode) == [1, 10], "cut at \(cut)")
            #expect(answers.first?.text.contains("unknown_agent") == true)
        }
    }

    @Test
    func `a dial that fails at once is answered with an error`() throws {
        let world = try FakeWorld {
            $0.upstreams[0].maxConnections = 0
            $0.upstreams[0].queue.timeout = .seconds(2)
        }
        let client = try world.client()
        client.say(#"{"agent_type":"guide","message":"x"}"#, masked: true)
        #expect(world.worker.inbox.isEmpty && !world.worker.isApplying)
        world.pass(.seconds(5))
        let answer = client.frames()
        #expect(answer.contains { $0.text.contains(#""sent":false"#) })
        #expect(world.undialled)
    }

    @Test
    func `what happens while effects are applied waits until they are`() throws {
        let world = try FakeWorld()
        let leaving = try world.client()
        let staying = try world.client()
        world.worker.isApplying = true
        leaving.close()
        world.run()
        // The switchboard is not told in the middle of its own effects.
        #expect(world.worker.inbox.count == 1)
        #expect(world.worker.switchboard.census.clients == 2)
        world.worker.isApplying = false
        staying.say(#"{"agent_type":"nobody","message":"x"}"#, masked: true)
        world.run()
        #expect(world.worker.inbox.isEmpty)
        #expect(world.worker.switchboard.census.clients == 1)
    }

    @Test
    func `a socket that ends while it is written to leaves nothing behind`() throws {
        let world = try FakeWorld()
        let client = try world.client()
        client.say(#"{"agent_type":"guide","message":"x"}"#, masked: true)
        client.say(#"{"agent_type":"nobody","message":"x"}"#, masked: true)
        world.worker.takeTurn(until: world.network.now)
        // The answer is appended and not sent.
        client.reset()
        world.run()
        #expect(client.isLeft)
        #expect(world.established == 0 && world.worker.clients.count == 0)
        #expect(world.worker.process.admission.count == 0)
        #expect(world.worker.reactor.pendingBytes == 0 && world.worker.switchboard.bufferedBytes == 0)
    }

    @Test
    func `an upstream that closes within its answer gives its reply first`() throws {
        let world = try FakeWorld()
        let client = try world.client()
        client.say(#"{"agent_type":"guide","message":"x"}"#, masked: true)
        let upstream = try world.upstream()
        let reply = WireSocket.bytes(1, Array(#"{"type":"response","message":"last"}"#.utf8), masked: false)
        upstream.say(reply + WireSocket.closeBytes(1000, masked: false))
        world.run()
        let frames = client.frames()
        #expect(frames.count == 1 && frames[0].text.contains("last"))
        // The close is answered, masked, and the end left to the server.
        let answer = upstream.frames()
        #expect(answer.last?.opcode == 8 && answer.last?.code == 1000 && answer.last?.isMasked == true)
        #expect(!upstream.isLeft)
        world.pass(Leg.closeTimeout + .milliseconds(10))
        #expect(upstream.isLeft)
    }

    @Test
    func `a peer that does not answer a close is cut in time`() throws {
        let world = try FakeWorld { $0.limits.idleTimeout = .seconds(10) }
        let client = try world.client()
        world.pass(.seconds(11))
        let frames = client.frames()
        #expect(frames.last?.code == 1001)
        #expect(!client.isLeft)
        world.pass(Leg.closeTimeout + .milliseconds(10))
        #expect(client.isLeft)
        #expect(world.established == 0)
    }

    @Test
    func `a client that does not read holds up the upstream that is its own`() throws {
        let world = try FakeWorld(window: 2_000) {
            $0.upstreams[0].mode = .client
            $0.upstreams[0].inFlight = 20
            $0.limits.unreadByClient = 4_000
        }
        let client = try world.client()
        client.say(#"{"agent_type":"guide","message":"x"}"#, masked: true)
        let upstream = try world.upstream()
        let push = WireSocket.bytes(
            1, Array(#"{"type":"response","message":"\#(String(repeating: "x", count: 900))"}"#.utf8), masked: false)
        for _ in 0..<12 where upstream.unheard == 0 {
            client.say(#"{"agent_type":"guide","message":"x"}"#, masked: true)
            world.run()
            upstream.say(push)
            world.run()
        }
        #expect(upstream.unheard > 0, "it is not read")
        #expect(world.worker.switchboard.bufferedBytes > 4_000)
        var heard = 0
        for _ in 0..<20 {
            heard += client.read().count
            world.run()
        }
        #expect(upstream.unheard == 0)
        #expect(world.worker.switchboard.bufferedBytes == 0)
        #expect(heard > 0)
    }

    @Test
    func `pings are not heaped up for a peer that does not read`() throws {
        let world = try FakeWorld(window: 300) { $0.limits.unreadByClient = 100 }
        let client = try world.client()
        for _ in 0..<1000 {
            client.say(WireSocket.bytes(9, [], masked: true))
            world.run()
        }
        #expect(world.worker.reactor.pendingBytes < 300)
    }

    @Test
    func `a stop ends handshakes, connections and clients`() throws {
        let world = try FakeWorld()
        let client = try world.client()
        let late = try world.connecting()
        var drain = DrainSettings()
        drain.spread = .zero
        world.worker.drain(drain)
        world.pass(.seconds(1))
        #expect(client.frames().last?.code == 1012)
        #expect(late.text().hasPrefix("HTTP/1.1 503 "))
        client.say(WireSocket.closeBytes(1012, masked: true))
        world.pass(.seconds(2))
        #expect(world.worker.isIdle)
    }
}
