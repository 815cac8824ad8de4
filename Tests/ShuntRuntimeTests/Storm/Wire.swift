import NIOCore
import NIOEmbedded

@testable import ShuntRuntime

/// A TCP connection whose near end is a channel of the proxy in memory, seen from its far end. It behaves as a socket
/// of NIO does where that matters: bytes that are not taken stay buffered, the watermarks call back in the middle of a
/// write, and a reset may be noticed there too.
///
/// Not locked: everything happens on the one thread of its test.
final class Wire: @unchecked Sendable {
    /// What the proxy wrote and the peer has not looked at yet.
    var heard: [UInt8] = []
    /// What the peer has said and the proxy has not read yet.
    var unsent: [UInt8] = []
    /// The next flush finds that the peer has reset the connection.
    var breaksAtFlush = false
    /// Bytes above which the channel is not writable, where the proxy's own setting is out of a test's reach.
    var watermark: Int?
    /// Whether the proxy was told that it writes too much, and not yet that it may go on.
    private(set) var isCongested = false
    /// The same for any time since the test last forgot it.
    var wasCongested = false
    /// The connection is over: closed by the proxy or reset.
    private(set) var isEnded = false
    /// The connection has a second descriptor: closing the channel does not end it.
    private(set) var isMoving = false
    private(set) var channel: EmbeddedChannel?
    private var tap: Tap?
    private var isReset = false

    /// Whether the peer takes what is written.
    var takes = true {
        didSet { if takes { tap?.take() } }
    }

    /// A channel for the near end, on that loop; it is active only once `connect` was called.
    func makeChannel(on loop: EmbeddedEventLoop) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: loop)
        let tap = Tap(wire: self)
        try channel.pipeline.syncOperations.addHandler(tap, position: .first)
        self.channel = channel
        self.tap = tap
        return channel
    }

    // MARK: The far end

    /// Whether the proxy would read.
    var isRead: Bool {
        guard let channel, channel.isActive else { return false }
        let autoRead = channel.options.last { $0.option is ChannelOptions.Types.AutoReadOption }
        return autoRead?.value as? Bool ?? true
    }

    /// One read of the proxy: that many of the unsent bytes.
    func feed(_ count: Int) throws {
        guard let channel, channel.isActive, count > 0, !unsent.isEmpty else { return }
        let bytes = ByteBuffer(bytes: unsent.prefix(count))
        unsent.removeFirst(bytes.readableBytes)
        try channel.writeInbound(bytes)
    }

    /// The peer is gone without a word.
    func reset() {
        isReset = true
        unsent = []
        if let channel { channel.close(promise: nil) } else if !isMoving { isEnded = true }
    }

    // MARK: A move to another loop

    func departs() { isMoving = true }

    func arrives(on loop: EmbeddedEventLoop) throws -> EmbeddedChannel {
        isMoving = false
        guard !isReset else {
            isEnded = true
            throw ChannelError.ioOnClosedChannel
        }
        let channel = try makeChannel(on: loop)
        try channel.connect(to: Wire.address).wait()
        return channel
    }

    static let address: SocketAddress = {
        guard let address = try? SocketAddress(ipAddress: "127.0.0.1", port: 1) else {
            preconditionFailure("no address")
        }
        return address
    }()

    // MARK: The near end

    fileprivate func lost(_ channel: any Channel) {
        guard channel === self.channel else { return }
        self.channel = nil
        tap = nil
        if !isMoving { isEnded = true }
    }

    /// The head of the near end's pipeline.
    private final class Tap: ChannelDuplexHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = IOData

        private let wire: Wire
        private var context: ChannelHandlerContext?
        private var untaken = 0
        private var promises: [EventLoopPromise<Void>] = []

        init(wire: Wire) { self.wire = wire }

        func handlerAdded(context: ChannelHandlerContext) { self.context = context }

        func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            guard context.channel.isActive, case .byteBuffer(let bytes) = unwrapOutboundIn(data) else {
                promise?.fail(ChannelError.ioOnClosedChannel)
                return
            }
            wire.heard += bytes.readableBytesView
            untaken += bytes.readableBytes
            if let promise { promises.append(promise) }
            context.write(data, promise: nil)
            if untaken > highWatermark(context.channel) { setWritable(false) }
        }

        func flush(context: ChannelHandlerContext) {
            if wire.breaksAtFlush {
                wire.breaksAtFlush = false
                context.channel.close(promise: nil)
            } else if wire.takes {
                take()
            }
        }

        func take() {
            guard let context, let channel = context.channel as? EmbeddedChannel, channel.isActive else { return }
            context.flush()
            // Bytes that were taken are nobody's any more: the proxy may use their buffer again.
            while (try? channel.readOutbound(as: IOData.self)) != nil {}
            untaken = 0
            let written = promises
            promises = []
            for promise in written { promise.succeed(()) }
            setWritable(true)
        }

        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            guard mode == .all else {
                promise?.succeed(())
                return
            }
            let unwritten = promises
            promises = []
            for promise in unwritten { promise.fail(ChannelError.ioOnClosedChannel) }
            context.close(mode: mode, promise: promise)
        }

        func channelInactive(context: ChannelHandlerContext) {
            wire.lost(context.channel)
            context.fireChannelInactive()
        }

        private func setWritable(_ isWritable: Bool) {
            guard let context, let channel = context.channel as? EmbeddedChannel, channel.isWritable != isWritable
            else { return }
            channel.isWritable = isWritable
            wire.isCongested = !isWritable
            if !isWritable { wire.wasCongested = true }
            context.fireChannelWritabilityChanged()
        }

        private func highWatermark(_ channel: any Channel) -> Int {
            let options = (channel as? EmbeddedChannel)?.options ?? []
            let mark = options.last { $0.option is ChannelOptions.Types.WriteBufferWaterMarkOption }
            let own = (mark?.value as? ChannelOptions.Types.WriteBufferWaterMark)?.high ?? 64 << 10
            return min(own, wire.watermark ?? .max)
        }
    }
}
