import NIOCore

/// What is to be written to one of the two sockets of a byte pipe.
///
/// It waits for the end of the worker's turn: writes that come close together find those who read them awake, and to
/// wake somebody for each costs more than all else that is done for a message here. It holds the buffer that NIO read
/// into, not a copy, and lets go of it with the write.
struct PipeOutput: ~Copyable {
    /// What the other end read last in this turn.
    private var bytes = ByteBuffer()
    /// The way past NIO, asked for with the first bytes; nil where there is none.
    private var socket: DirectSocket?
    private var hasLooked = false
    /// NIO was given what the socket did not take: what follows goes behind it.
    private var isBehind = false

    /// The way past NIO for one call.
    var way: DirectSocket.Way? {
        switch socket {
        case .some(let socket): socket.way
        case .none: nil
        }
    }

    /// Takes the next bytes; those that it has must be sent.
    mutating func put(_ next: ByteBuffer) { bytes = next }

    /// Hands the bytes to the socket.
    ///
    /// - Returns: what that did not take, for NIO.
    mutating func send(_ context: ChannelHandlerContext) -> ByteBuffer? {
        guard bytes.readableBytes > 0 else { return nil }
        if isPastAll(context), let way { bytes.readWithUnsafeReadableBytes { way.write($0) } }
        // Let go of, or NIO could not read into it again.
        let rest = bytes
        bytes = ByteBuffer()
        guard rest.readableBytes > 0 else { return nil }
        isBehind = true
        return rest
    }

    /// The socket is gone.
    mutating func forget() {
        bytes = ByteBuffer()
        socket = nil
    }

    /// Whether NIO holds nothing that must go first.
    private mutating func isPastAll(_ context: ChannelHandlerContext) -> Bool {
        if isBehind {
            guard let held = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes), held == 0
            else { return false }
            isBehind = false
        }
        if !hasLooked {
            hasLooked = true
            socket = DirectSocket(context.channel)
        }
        return true
    }
}
