import Logging
import NIOCore
import NIOEmbedded
import ShuntCore

@testable import ShuntRuntime

/// Real workers and handlers without sockets: channels in memory, a clock that moves by hand.
final class EmbeddedWorld {
    let loop = EmbeddedEventLoop()
    let worker: Worker
    /// Upstream connections in the order in which they were dialled; their handshake is not answered yet.
    private let channels: NIOLoopBoundBox<[EmbeddedChannel]>

    init(logger: Logger? = nil, _ change: (inout TableDefinition) -> Void = { _ in }) throws {
        var fixture = ProxyFixture(backendPort: 1)
        change(&fixture.table)
        let dialled = NIOLoopBoundBox<[EmbeddedChannel]>([], eventLoop: loop)
        channels = dialled
        let connector = Connector { order, initializer in
            let channel = EmbeddedChannel(loop: dialled.eventLoop as? EmbeddedEventLoop ?? EmbeddedEventLoop())
            dialled.value.append(channel)
            return initializer(channel).flatMap { channel.connect(to: order.address) }.map { channel }
        }
        let process = ProcessState(
            settings: try fixture.settings, workerCount: 1, logger: logger ?? fixture.logger, connector: connector)
        worker = Worker(index: 0, eventLoop: loop, process: process, maskingKeys: MaskingKeys(seed: 1))
    }

    /// Everything that is to be done now.
    func run() { loop.run() }

    func pass(_ time: TimeAmount) { loop.advanceTime(by: time) }

    /// A client whose request is read; `behind` as of `upstream`.
    func arriving(
        target: String, workers: Workers? = nil, behind: [UInt8] = [],
        validate: @escaping HandshakeHandler.Validate = { _, answer in answer(.none) }
    ) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: loop)
        let all = workers ?? Workers([NIOLoopBound(worker, eventLoop: loop)])
        try HandshakeHandler.install(in: channel, worker: worker, workers: all, validate: validate)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.writeInbound(ByteBuffer(bytes: Array(WireSocket.request(target: target).utf8) + behind))
        return channel
    }

    /// A client after its handshake; the 101 is read.
    func client(target: String = "/api/ws/agent", workers: Workers? = nil) throws -> EmbeddedChannel {
        let channel = try arriving(target: target, workers: workers)
        run()
        guard let answer = try channel.readOutbound(as: ByteBuffer.self), String(buffer: answer).contains(" 101 ")
        else { throw BlockingSocket.Failure(description: "no upgrade") }
        return channel
    }

    /// The next upstream connection that was dialled, its handshake answered.
    ///
    /// - Parameters:
    ///   - behind: what stands behind the answer, in one read with it.
    ///   - ends: the connection ends right behind that, in the same turn of the loop.
    func upstream(behind: [UInt8] = [], ends: Bool = false) throws -> EmbeddedChannel {
        let (channel, head) = try dialled()
        let key = SecWebSocket.acceptKey(for: TestBackend.key(of: head))
        try channel.writeInbound(ByteBuffer(bytes: Array(TestBackend.upgrade(acceptKey: key).utf8) + behind))
        if ends { channel.close(promise: nil) }
        run()
        return channel
    }

    /// The next upstream connection that was dialled, and the request on it.
    func dialled() throws -> (channel: EmbeddedChannel, head: String) {
        run()
        guard !channels.value.isEmpty else { throw BlockingSocket.Failure(description: "nothing was dialled") }
        let channel = channels.value.removeFirst()
        var head = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { head += String(buffer: bytes) }
        return (channel, head)
    }

    var undialled: Bool { channels.value.isEmpty }
}

extension EmbeddedChannel {
    /// Frames of one message from a peer.
    func receive(_ text: String, masked: Bool) throws {
        try writeInbound(ByteBuffer(bytes: WireSocket.bytes(1, Array(text.utf8), masked: masked)))
    }

    /// What was flushed since the last look: one element for each write that reached the socket.
    func writes() throws -> [[UInt8]] {
        var writes: [[UInt8]] = []
        while let buffer = try readOutbound(as: ByteBuffer.self) { writes.append(Array(buffer.readableBytesView)) }
        return writes
    }
}
