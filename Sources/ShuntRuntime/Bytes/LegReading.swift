import ShuntCore

extension Leg {
    /// Everything that one read of the socket brought: whole messages go to the switchboard one by one, straight from
    /// the receive buffer where that is possible.
    func read(_ input: Span<UInt8>) {
        guard closing.listens else { return }
        let now = worker.now()
        var scratch = worker.takeScratch()
        var position = 0
        // Nothing but messages that came whole, of which the reader keeps nothing: where one of them ends the read, there
        // is nothing more to be said.
        var isPlain = true
        reading: while true {
            switch reader.next(input, at: &position, scratch: &scratch) {
            case .needsMore:
                break reading
            case .message(let kind, .input(let start, let count)):
                message(kind, input.extracting(start..<start + count), now)
                if isPlain, position == input.count {
                    assert(reader.isAtRest)
                    break reading
                }
            case .message(let kind, .scratch(let count)):
                message(kind, scratch.span.extracting(0..<count), now)
                if isPlain, position == input.count {
                    assert(reader.isAtRest)
                    break reading
                }
            case .message(let kind, .partial):
                isPlain = false
                // A reference of our own: the reader must not be under access while the switchboard works.
                let whole = reader.partial
                message(kind, whole.span, now)
            case .compressed(let kind):
                isPlain = false
                guard compressedMessage(kind, reader.partial, now) else { break reading }
            case .ping:
                isPlain = false
                pinged()
            case .pong:
                isPlain = false
                worker.pong(self, now)
            case .close(let code):
                peerClosed(PeerClose(code: code, reason: reader.control))
            case .violation(let code, let violation):
                violated(code, violation)
            }
        }
        worker.giveBack(scratch: &scratch)
        if reader.partial.count != unfinished { accountForUnfinished() }
    }

    /// Messages that come in pieces count against the memory of the process. Who goes on with a large one when there is
    /// no memory left is closed: it is told to come again, and its message was never accepted.
    @inline(never)
    private func accountForUnfinished() {
        let grew = reader.partial.count > unfinished
        setUnfinished(reader.partial.count)
        guard grew, unfinished > Self.smallUnfinished, worker.switchboard.isOverloaded, closing.isOpen else { return }
        shed()
    }

    /// There is no memory for what the peer says.
    func shed() {
        guard closing.isOpen else { return }
        _ = closing.markViolated()
        worker.ended(self, .cut)
        appendClose(.tryAgainLater, reason: "server is overloaded")
        reader = FrameReader(expectsMasked: !masks, maxMessage: 0)
        setUnfinished(0)
        end()
    }

    /// What anybody may have begun, however little memory is left.
    private static let smallUnfinished = 64 << 10

    func setUnfinished(_ bytes: Int) {
        worker.switchboard.bufferedBytes += bytes - unfinished
        unfinished = bytes
        worker.memoryPeak.see(bytes: worker.switchboard.bufferedBytes)
    }

    @inline(__always)
    func message(_ kind: MessageKind, _ bytes: borrowing Span<UInt8>, _ now: Instant) {
        switch role {
        case .client(let id): worker.clientMessage(id, kind, bytes, now)
        case .upstream(let id): worker.connectionMessage(id, kind, bytes, now)
        case .none: break
        }
    }

    @inline(never)
    private func pinged() {
        // RFC 6455 §5.5.3 lets us answer only the latest ping: whoever does not read its pongs gets no more of them.
        guard closing.isOpen, !isCongested else { return }
        appendControl(.pong, reader.control)
    }

    @inline(never)
    private func peerClosed(_ close: PeerClose) {
        switch closing.peerClosed() {
        case .answer:
            worker.ended(self, close)
            appendClose(close.code, reason: "")
            end()
        case .end:
            end()
        case .nothing:
            break
        }
    }

    @inline(never)
    func violated(_ code: CloseCode, _ violation: FrameViolation) {
        worker.log.violation(violation, isUpstream: masks)
        // A client is told which of its messages it was; the core closes it by that.
        if violation == .messageTooBig, closing.isOpen { worker.messageTooLarge(self) }
        guard closing.markViolated() else { return end() }
        worker.ended(self, .cut)
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
        case .badCompression: "compressed message is malformed"
        }
    }
}
