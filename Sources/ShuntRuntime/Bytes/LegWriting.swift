import NIOCore
import ShuntCore

extension Leg {
    /// A turn's output beyond this is flushed as soon as the event in hand is done, so that a socket that takes
    /// nothing is noticed before much is heaped up for it.
    static let urgent = 256 << 10

    /// Appends a text message: a splice of the effects in hand, and of the message that they are about.
    func append(_ splice: Splice, _ message: borrowing Span<UInt8>) {
        guard closing.isOpen else { return }
        let mask = masks ? worker.maskingKeys.next() : nil
        let length = FrameEncoder.length(payload: splice.length, masked: masks)
        if output.storageCapacity == 0 { worker.buffers.take(into: &output, atLeast: length) }
        let written = output.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { target in
            worker.turn.effects.splices.writeFrame(
                splice.kind.rawValue, splice, message: message, mask: mask, into: target)
        }
        if written != length { worker.log.unwritable(length: splice.length) }
        becomesDirty()
        if output.readableBytes > Self.urgent, !isCongested { worker.flushAfterEvent(self) }
    }

    enum Control: UInt8 { case ping = 9, pong = 10 }

    /// Appends a ping or a pong. The payload is at most 125 bytes.
    func appendControl(_ opcode: Control, _ payload: [UInt8]) {
        guard closing.isOpen else { return }
        var frame: [UInt8] = []
        FrameEncoder.encodeControl(opcode.rawValue, payload: payload, mask: mask(), into: &frame)
        appendBytes(frame)
    }

    /// Appends a close frame; nil is one without a code.
    func appendClose(_ code: CloseCode?, reason: String) {
        var frame: [UInt8] = []
        FrameEncoder.encodeClose(code, reason: Array(reason.utf8), mask: mask(), into: &frame)
        appendBytes(frame)
    }

    /// Appends bytes that are no frame of this leg's making, such as the answer to a handshake.
    func appendBytes(_ bytes: [UInt8]) {
        if output.storageCapacity == 0 { worker.buffers.take(into: &output, atLeast: bytes.count) }
        output.writeBytes(bytes)
        becomesDirty()
    }

    func mask() -> UInt32? { masks ? worker.maskingKeys.next() : nil }

    func becomesDirty() {
        guard !hold.isDirty else { return }
        hold.isDirty = true
        worker.flushAtEndOfTurn(self)
    }

    /// Hands the output to the socket: one write for all that this turn appended.
    func flush() {
        hold.isDirty = false
        guard let context = hold.context else { return forgetOutput() }
        guard output.readableBytes > 0 || endsAfterFlush else { return }
        if ownsSocket, hold.pending == 0, !endsAfterFlush, writtenDirectly(context) { return }
        // Taken out first: the write may call back and append again.
        var batch = ByteBuffer()
        swap(&batch, &output)
        if endsAfterFlush {
            endsAfterFlush = false
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { [weak self] _ in self?.outputEnded() }
            context.writeAndFlush(wrapOutboundOut(batch), promise: promise)
        } else {
            context.writeAndFlush(wrapOutboundOut(batch), promise: nil)
        }
        if worker.buffers.giveBack(&batch) {
            if hold.pending > 0 { account(for: 0) }
        } else {
            measure()
        }
    }

    /// Writes past NIO, which holds nothing for this socket. True when the socket took everything.
    private func writtenDirectly(_ context: ChannelHandlerContext) -> Bool {
        if socket == nil {
            socket = DirectSocket(context.channel)
            guard socket != nil else {
                ownsSocket = false
                return false
            }
        }
        // In place: to look at a buffer through a copy of it costs two counts of its references.
        output.readWithUnsafeReadableBytes { unsafe socket?.write($0) ?? 0 }
        guard output.readableBytes == 0 else { return false }
        worker.buffers.giveBack(written: &output)
        return true
    }

    /// Asks NIO how much it holds. Only for a socket that did not take everything at once.
    func measure() {
        account(for: bytesInNIO)
        if hold.pending > 0, !isWatched {
            isWatched = true
            worker.watch(self)
        }
    }

    /// The socket is gone, and with it what waited for it.
    func forgetOutput() {
        output = ByteBuffer()
        endsAfterFlush = false
        account(for: 0)
    }

    /// NIO says so at the watermarks that the channel was given.
    func congestionChanged(isWritable: Bool) {
        guard isCongested == isWritable else { return }
        isCongested = !isWritable
        measure()
        worker.congestionChanged(self)
    }
}
