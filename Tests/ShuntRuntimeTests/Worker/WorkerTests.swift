import NIOCore
import NIOEmbedded
import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntRuntime

/// Worker and handlers over channels in memory.
@Suite
struct WorkerTests {
    @Test
    func `all output of a turn leaves in one write`() throws {
        let world = try EmbeddedWorld()
        let client = try world.client()
        let messages = (0..<3).flatMap { _ in
            WireSocket.bytes(1, Array(#"{"agent_type":"nobody","message":"x"}"#.utf8), masked: true)
        }
        try client.writeInbound(ByteBuffer(bytes: messages))
        #expect(try client.writes().isEmpty)
        world.run()
        let writes = try client.writes()
        #expect(writes.count == 1)
        let frames = NaiveFrameReader.frames(writes.first ?? [])
        #expect(frames.count == 3)
        #expect(frames.allSatisfy { $0.opcode == 1 && !$0.isMasked && $0.text.contains("unknown_agent") })
    }

    @Test
    func `messages of many clients to one upstream leave in one write`() throws {
        let world = try EmbeddedWorld { $0.upstreams[0].inFlight = 8 }
        let clients = try (0..<3).map { _ in try world.client(target: "/api/ws/agent?session_token=one") }
        for (index, client) in clients.enumerated() {
            try client.receive(#"{"agent_type":"guide","message":"\#(index)"}"#, masked: true)
        }
        let upstream = try world.upstream()
        let writes = try upstream.writes()
        #expect(writes.count == 1)
        let frames = NaiveFrameReader.frames(writes.first ?? [])
        #expect(frames.map(\.isMasked) == [true, true, true])
        #expect(frames.map { $0.text.contains("agent_type") } == [false, false, false])
    }

    @Test
    func `a message cut at any byte is the same message`() throws {
        let world = try EmbeddedWorld()
        let client = try world.client()
        let payload = Array(#"{"agent_type":"nobody","message":"größe"}"#.utf8)
        let frames = WireSocket.bytes(1, payload, masked: true) + WireSocket.bytes(9, [1, 2], masked: true)
        for cut in 1..<frames.count {
            try client.writeInbound(ByteBuffer(bytes: frames[..<cut]))
            world.run()
            try client.writeInbound(ByteBuffer(bytes: frames[cut...]))
            world.run()
            let answers = NaiveFrameReader.frames(try client.writes().flatMap { $0 })
            #expect(answers.map(\.opcode) == [1, 10], "cut at \(cut)")
            #expect(answers.first?.text.contains("unknown_agent") == true)
        }
    }

    @Test
    func `a dial that fails at once is answered with an error`() throws {
        let world = try EmbeddedWorld {
            $0.upstreams[0].maxConnections = 0
            $0.upstreams[0].queue.timeout = .seconds(2)
        }
        let client = try world.client()
        try client.receive(#"{"agent_type":"guide","message":"x"}"#, masked: true)
        #expect(world.worker.inbox.isEmpty && !world.worker.isApplying)
        world.pass(.seconds(5))
        let answer = NaiveFrameReader.frames(try client.writes().flatMap { $0 })
        #expect(answer.contains { $0.text.contains(#""sent":false"#) })
        #expect(world.undialled)
    }

    @Test
    func `what happens while effects are applied waits until they are`() throws {
        let world = try EmbeddedWorld()
        let leaving = try world.client()
        let staying = try world.client()
        world.worker.isApplying = true
        leaving.close(promise: nil)
        world.run()
        // The switchboard is not told in the middle of its own effects.
        #expect(world.worker.inbox.count == 1)
        #expect(world.worker.switchboard.census.clients == 2)
        world.worker.isApplying = false
        try staying.receive(#"{"agent_type":"nobody","message":"x"}"#, masked: true)
        #expect(world.worker.inbox.isEmpty)
        #expect(world.worker.switchboard.census.clients == 1)
    }

    @Test
    func `a socket that ends inside of its own flush leaves nothing behind`() throws {
        let world = try EmbeddedWorld()
        let client = try world.client()
        try client.pipeline.syncOperations.addHandler(EndsAtWrite(), position: .first)
        try client.receive(#"{"agent_type":"guide","message":"x"}"#, masked: true)
        try client.receive(#"{"agent_type":"nobody","message":"x"}"#, masked: true)
        world.run()
        #expect(!client.isActive)
        #expect(world.worker.openLegs.isEmpty && world.worker.clients.count == 0)
        #expect(world.worker.process.admission.count == 0)
    }

    @Test
    func `an upstream that closes within its answer gives its reply first`() throws {
        let world = try EmbeddedWorld()
        let client = try world.client()
        try client.receive(#"{"agent_type":"guide","message":"x"}"#, masked: true)
        let upstream = try world.upstream()
        let reply = WireSocket.bytes(1, Array(#"{"type":"response","message":"last"}"#.utf8), masked: false)
        try upstream.writeInbound(ByteBuffer(bytes: reply + WireSocket.closeBytes(1000, masked: false)))
        world.run()
        let frames = NaiveFrameReader.frames(try client.writes().flatMap { $0 })
        #expect(frames.count == 1 && frames[0].text.contains("last"))
        // The close is answered, masked, and the end left to the server.
        let answer = NaiveFrameReader.frames(try upstream.writes().flatMap { $0 })
        #expect(answer.last?.opcode == 8 && answer.last?.code == 1000 && answer.last?.isMasked == true)
        #expect(upstream.isActive)
        world.pass(Leg.closeTimeout)
        #expect(!upstream.isActive)
    }

    @Test
    func `a peer that does not answer a close is cut in time`() throws {
        let world = try EmbeddedWorld { $0.limits.idleTimeout = .seconds(10) }
        let client = try world.client()
        world.pass(.seconds(11))
        let frames = NaiveFrameReader.frames(try client.writes().flatMap { $0 })
        #expect(frames.last?.code == 1001)
        #expect(client.isActive)
        world.pass(Leg.closeTimeout)
        #expect(!client.isActive)
        #expect(world.worker.openLegs.isEmpty)
    }

    @Test
    func `a client that does not read holds up the upstream that is its own`() throws {
        let world = try EmbeddedWorld { $0.upstreams[0].mode = .client }
        let client = try world.client()
        try client.receive(#"{"agent_type":"guide","message":"x"}"#, masked: true)
        let upstream = try world.upstream()
        client.isWritable = false
        client.pipeline.fireChannelWritabilityChanged()
        #expect(try reads(upstream) == false)
        client.isWritable = true
        client.pipeline.fireChannelWritabilityChanged()
        #expect(try reads(upstream) == true)
    }

    @Test
    func `pings are not heaped up for a peer that does not read`() throws {
        let world = try EmbeddedWorld()
        let client = try world.client()
        client.isWritable = false
        client.pipeline.fireChannelWritabilityChanged()
        for _ in 0..<1000 { try client.writeInbound(ByteBuffer(bytes: WireSocket.bytes(9, [], masked: true))) }
        world.run()
        #expect(try client.writes().isEmpty)
    }

    @Test
    func `a stop ends handshakes, connections and clients`() throws {
        let world = try EmbeddedWorld()
        let client = try world.client()
        let late = EmbeddedChannel(loop: world.loop)
        try HandshakeHandler.install(
            in: late, worker: world.worker, workers: Workers([NIOLoopBound(world.worker, eventLoop: world.loop)]))
        try late.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        var drain = DrainSettings()
        drain.spread = .zero
        world.worker.drain(drain)
        world.pass(.seconds(1))
        #expect(NaiveFrameReader.frames(try client.writes().flatMap { $0 }).last?.code == 1012)
        #expect(String(decoding: try late.writes().flatMap { $0 }, as: UTF8.self).hasPrefix("HTTP/1.1 503 "))
        try client.writeInbound(ByteBuffer(bytes: WireSocket.closeBytes(1012, masked: true)))
        world.pass(.seconds(2))
        #expect(world.worker.isIdle)
    }

    private func reads(_ channel: EmbeddedChannel) throws -> Bool? {
        channel.options.last { $0.option is ChannelOptions.Types.AutoReadOption }?.value as? Bool
    }

    private final class EndsAtWrite: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            promise?.fail(ChannelError.ioOnClosedChannel)
            context.close(promise: nil)
        }
    }
}
