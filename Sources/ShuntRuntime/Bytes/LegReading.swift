import NIOCore
import ShuntCore

extension Leg {
    /// Everything that one read of the socket brought: whole messages go to the switchboard one by one, straight from
    /// the receive buffer where that is possible.
    func read(_ buffer: ByteBuffer) {
        let input = buffer.readableBytesUInt8Span
        let now = worker.now()
        var scratch = worker.takeScratch()
        var position = 0
        reading: while true {
            switch reader.next(input, at: &position, scratch: &scratch) {
            case .needsMore:
                break reading
            case .message(let kind, .input(let start, let count)):
                message(kind, input.extracting(start..<start + count), now)
            case .message(let kind, .scratch(let count)):
                message(kind, scratch.span.extracting(0..<count), now)
            case .message(let kind, .partial):
                // A reference of our own: the reader must not be under access while the switchboard works.
                let whole = reader.partial
                message(kind, whole.span, now)
            case .ping:
                pinged()
            case .pong:
                worker.pong(self, now)
            case .close(let code):
                peerClosed(code)
            case .violation(let code, let violation):
                violated(code, violation, now)
            }
        }
        worker.giveBack(scratch: scratch)
    }

    @inline(__always)
    private func message(_ kind: MessageKind, _ bytes: borrowing Span<UInt8>, _ now: Instant) {
        switch role {
        case .client(let id): worker.clientMessage(id, kind, bytes, now)
        case .upstream(let id): worker.connectionMessage(id, kind, bytes, now)
        case .none: break
        }
    }

    private func pinged() {
        // RFC 6455 §5.5.3 lets us answer only the latest ping: whoever does not read its pongs gets no more of them.
        guard closing.isOpen, !isCongested else { return }
        appendControl(.pong, reader.control)
    }

    private func peerClosed(_ code: CloseCode?) {
        switch closing.peerClosed() {
        case .answer:
            worker.ended(self, code: code)
            appendClose(code, reason: "")
            end()
        case .end:
            end()
        case .nothing:
            break
        }
    }

    private func violated(_ code: CloseCode, _ violation: FrameViolation, _ now: Instant) {
        worker.log.violation(violation, isUpstream: masks)
        guard closing.condemn() else { return end() }
        if violation == .messageTooBig { worker.messageTooLarge(self, now) }
        worker.ended(self, code: nil)
        appendClose(code, reason: violation.reason)
        end()
    }
}

extension FrameViolation {
    /// For people who look at the close frame.
    var reason: String {
        switch self {
        case .reservedBits: "reserved bits are set"
        case .reservedOpcode: "unknown opcode"
        case .unmasked: "frame is not masked"
        case .masked: "frame is masked"
        case .fragmentedControl: "fragmented control frame"
        case .longControl: "control frame is too long"
        case .nonMinimalLength: "length is not minimal"
        case .lengthOverflow: "length is out of range"
        case .unexpectedContinuation: "nothing to continue"
        case .interleavedMessage: "message inside of a message"
        case .messageTooBig: "message is too big"
        case .invalidUTF8: "text is not UTF-8"
        case .badCloseCode: "close code is not allowed"
        case .badClosePayload: "close frame is malformed"
        }
    }
}
