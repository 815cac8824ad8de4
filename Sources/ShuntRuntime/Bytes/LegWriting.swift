import ShuntCore
import ShuntReactor

extension Leg {
    /// The most that a frame is longer than its payload (RFC 6455 §5.2).
    private static let longestHeader = 14

    /// Appends a message: a splice of the effects in hand, and of the message that they are about. It is sent at the end
    /// of the worker's turn.
    func append(_ splice: Splice, _ message: borrowing Span<UInt8>) {
        guard sendsPlain else { return appendOtherwise(splice, message) }
        appendPlain(splice, message)
    }

    @inline(__always)
    func appendPlain(_ splice: Splice, _ message: borrowing Span<UInt8>) {
        let mask = masks ? worker.maskingKeys.next() : nil
        let written = worker.reactor.append(to: socket, atMost: Self.longestHeader + splice.length) { target in
            worker.turn.effects.splices.writeFrame(splice, message: message, mask: mask, into: target)
        }
        if written == 0 { unwritten(splice) }
    }

    /// A socket that was lost in this turn takes nothing; anything else is an error of ours.
    @inline(never)
    private func unwritten(_ splice: Splice) {
        if worker.reactor.takesOutput(socket) { worker.log.unwritable(length: splice.length) }
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
    func appendBytes(_ bytes: [UInt8]) { worker.reactor.append(to: socket, bytes) }

    func mask() -> UInt32? { masks ? worker.maskingKeys.next() : nil }
}
