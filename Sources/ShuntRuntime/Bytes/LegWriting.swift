import NIOCore
import ShuntCore

extension Leg {
    /// A turn's output beyond this is flushed as soon as the event in hand is done, so that a socket that takes
    /// nothing is noticed before much is heaped up for it.
    static let urgent = 256 << 10

    /// The most that a frame is longer than its payload (RFC 6455 §5.2).
    private static let longestHeader = 14

    /// Appends a message: a splice of the effects in hand, and of the message that they are about.
    func append(_ splice: Splice, _ message: borrowing Span<UInt8>) {
        guard closing.isOpen else { return }
        let mask = masks ? worker.maskingKeys.next() : nil
        worker.buffers.lend(to: &output)
        let written = output.append(atMost: Self.longestHeader + splice.length) { target in
            worker.turn.effects.splices.writeFrame(splice, message: message, mask: mask, into: target)
        }
        if written == 0 { worker.log.unwritable(length: splice.length) }
        becomesDirty()
        if output.count > Self.urgent, !isCongested { worker.flushAfterEvent(self) }
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
        worker.buffers.lend(to: &output)
        output.append(bytes)
        becomesDirty()
    }

    func mask() -> UInt32? { masks ? worker.maskingKeys.next() : nil }

    func becomesDirty() {
        if !isDirty { worker.flushAtEndOfTurn(self) }
    }

    /// Hands the output to the socket: one write for all that this turn appended.
    func flush() {
        guard output.count > 0 || endsAfterFlush else { return }
        if hold.pending == 0, !endsAfterFlush, isWrittenDirectly() { return }
        guard let context = hold.context else { return forgetOutput() }
        let batch = ByteBuffer(bytes: output.bytes)
        // First: the write may call back and append again.
        worker.buffers.giveBack(&output)
        if endsAfterFlush {
            endsAfterFlush = false
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { [weak self] _ in self?.outputEnded() }
            context.writeAndFlush(wrapOutboundOut(batch), promise: promise)
        } else {
            context.writeAndFlush(wrapOutboundOut(batch), promise: nil)
        }
        measure()
    }

    /// Writes past NIO, which holds nothing for this socket. True when the socket took everything.
    private func isWrittenDirectly() -> Bool {
        if socket == nil { lookForSocket() }
        guard let way = socket?.way else { return false }
        let written = way.write(output.bytes)
        if written < output.count {
            output.drop(first: written)
            return false
        }
        worker.buffers.giveBack(&output)
        return true
    }

    /// Once: where there is no way past NIO, there will be none.
    private func lookForSocket() {
        guard ownsSocket, let context = hold.context else { return }
        socket = DirectSocket(context.channel)
        ownsSocket = socket != nil
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
        worker.buffers.giveBack(&output)
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
