/// The place of a message's payload after `FrameReader.next` has returned it.
package enum Payload: Sendable, Equatable {
    /// A range of the input itself: the frame came whole and unmasked.
    case input(start: Int, count: Int)
    /// The first `count` bytes of the worker's scratch buffer: the frame came whole and was masked.
    case scratch(count: Int)
    /// The reader's own `partial` buffer: the message came in several reads or fragments.
    case partial
}

/// The next thing in the bytes.
package enum FrameEvent: Sendable, Equatable {
    /// All input is consumed; nothing more can be said before the next read.
    case needsMore
    case message(MessageKind, Payload)
    /// A compressed message (RFC 7692 §6.2), as it came, is in `FrameReader.partial`. Whoever brings it back looks at its
    /// text and its size.
    case compressed(MessageKind)
    /// The payload of at most 125 bytes is in `FrameReader.control`.
    case ping
    case pong
    /// The peer's close frame; nil when it carries no code. The reason (valid UTF-8) is in `FrameReader.control`.
    case close(CloseCode?)
    /// The peer broke the protocol; close with this code. The reader says nothing more.
    case violation(CloseCode, FrameViolation)
}

/// A peer's breach of the protocol, for logs and the reason of the close frame.
package enum FrameViolation: UInt8, Sendable, Equatable, CaseIterable {
    case reservedBits, reservedOpcode, unmasked, masked, fragmentedControl, longControl, nonMinimalLength
    case lengthOverflow, unexpectedContinuation, interleavedMessage, messageTooBig, invalidUTF8
    case badCloseCode, badClosePayload, badCompression
}

/// The receiving half of one WebSocket leg (RFC 6455 §5). It takes the bytes of each read and gives whole messages and
/// control frames. Between messages it holds no buffer.
///
/// Compressed messages, where they are agreed on, gather in `partial` as they come.
///
/// A frame that lies whole in a read is not copied, or unmasked into the worker's scratch buffer; what comes in
/// several reads or fragments gathers in `partial`, which grows with the bytes that came, never by what a header claims.
package struct FrameReader: Sendable {
    /// The assembled message after a `.message(_, .partial)`, or as much of one as has come. Good until the next call.
    package private(set) var partial: [UInt8] = []
    /// The payload of the last ping or pong, or the reason of the close frame. Good until the next call.
    package private(set) var control: [UInt8] = []

    private let expectsMasked: Bool
    /// The largest message that is taken.
    package let maxMessage: Int
    /// How much of the message in hand may come in: `maxMessage`, and a little more of a compressed one.
    private var mostGathered: Int
    /// Compressed messages are agreed on.
    private let takesCompressed: Bool
    /// The beginning of a header whose rest has not come, and how much of it there is.
    private var head = InlineArray<14, UInt8>(repeating: 0)
    private var headCount = 0
    /// The frame whose payload is coming in; `length` is what is still to come.
    private var frame = FrameHeader()
    private var inFrame = false
    /// The opcode of the message that is being gathered; 0 when there is none.
    private var gathering: UInt8 = 0
    /// `partial` was given out: the next call starts anew.
    private var delivered = false
    /// A close frame or a violation was reported: nothing more is said.
    private var finished = false

    /// How much is reserved at once for a message that comes in parts, at most, and kept while more parts come.
    private static let firstReserve = 64 << 10

    /// - Parameters:
    ///   - expectsMasked: whether the peer is a client.
    ///   - maxMessage: the largest message that is taken, in bytes, all its fragments together.
    ///   - takesCompressed: whether compressed messages are agreed on.
    package init(expectsMasked: Bool, maxMessage: Int, takesCompressed: Bool = false) {
        self.expectsMasked = expectsMasked
        self.maxMessage = max(0, maxMessage)
        self.takesCompressed = takesCompressed
        mostGathered = self.maxMessage
    }

    /// Whether a call with no more input would say `.needsMore` and change nothing: no frame is half read, no buffer is
    /// held. (`mutating` only so that the reader is not copied to be asked.)
    package var isAtRest: Bool {
        mutating get {
            !inFrame && headCount == 0 && gathering == 0 && !delivered && partial.capacity == 0 && control.capacity == 0
        }
    }

    /// Reads on from `position` in the bytes of one read, up to the end of the next message or control frame. Call it
    /// until it says `.needsMore`: then all of `input` is consumed, and kept as far as it is needed.
    ///
    /// - Parameter scratch: the worker's buffer for unmasked payloads; grown to the largest that was needed.
    package mutating func next(
        _ input: Span<UInt8>, at position: inout Int, scratch: inout [UInt8]
    ) -> FrameEvent {
        position = min(max(position, 0), input.count)
        if delivered { forgetDelivered() }
        while !finished {
            if !inFrame {
                if headCount == 0 {
                    let available = input.count &- position
                    guard available >= 2, available >= FrameHeader.size(input.byte(at: position &+ 1)) else {
                        keepHead(input, &position)
                        break
                    }
                    if let problem = frame.read(input, at: position, expectsMasked: expectsMasked) {
                        if let problem = beginCompressed(problem, input, at: position) {
                            return violation(problem, input, &position)
                        }
                        position &+= frame.size
                        continue
                    }
                    position &+= frame.size
                } else {
                    guard keepHead(input, &position) else { break }
                    headCount = 0
                    if let problem = frame.read(head.span, at: 0, expectsMasked: expectsMasked) {
                        let head = head
                        if let problem = beginCompressed(problem, head.span, at: 0) {
                            return violation(problem, input, &position)
                        }
                        continue
                    }
                }
                if let problem = sequenceProblem { return violation(problem, input, &position) }
                if frame.final && gathering == 0 && !frame.isControl && frame.length <= input.count &- position {
                    return wholeMessage(input, &position, &scratch)
                }
                beginFrame()
            }
            gather(input, &position)
            if frame.length > 0 { break }
            inFrame = false
            if frame.isControl { return controlFrame(input, &position) }
            if frame.final { return gatheredMessage(input, &position) }
        }
        position = input.count
        if !inFrame || finished { rest() }
        return .needsMore
    }

    // MARK: Headers

    /// Takes bytes of a header that has not come whole. True when it is whole now.
    @discardableResult
    private mutating func keepHead(_ input: Span<UInt8>, _ position: inout Int) -> Bool {
        while position < input.count {
            if headCount < FrameHeader.longest { head[headCount] = input.byte(at: position) }
            headCount &+= 1
            position &+= 1
            if headCount >= 2, headCount >= FrameHeader.size(head[1]) { return true }
        }
        return false
    }

    /// Checks a frame's place in its message, and the size of all fragments together.
    @inline(__always)
    private var sequenceProblem: FrameViolation? {
        if frame.isControl { return nil }
        if frame.opcode == 0 {
            if gathering == 0 { return .unexpectedContinuation }
        } else if gathering != 0 {
            return .interleavedMessage
        }
        return frame.length > mostGathered &- partial.count ? .messageTooBig : nil
    }

    /// A header has something wrong: unless that is the bit of a compressed message, which may be. Its frames are gathered,
    /// so that others are not looked at for it.
    ///
    /// - Returns: nil when a compressed message has begun, else what is wrong.
    @inline(never)
    private mutating func beginCompressed(
        _ problem: FrameViolation, _ bytes: Span<UInt8>, at start: Int
    ) -> FrameViolation? {
        let first = bytes.byte(at: start)
        // On the first frame of a message, and of the reserved bits alone.
        guard problem == .reservedBits, takesCompressed, first & 0x70 == FrameHeader.compressed,
            first & 0x0F == 1 || first & 0x0F == 2
        else { return problem }
        if let problem = frame.readBehindBits(bytes, at: start, expectsMasked: expectsMasked) { return problem }
        // What does not compress is a little longer for it: a bit for each byte, at most.
        mostGathered = maxMessage &+ maxMessage / 8 &+ 64
        if let problem = sequenceProblem { return problem }
        beginFrame()
        gathering |= FrameHeader.compressed
        return nil
    }

    // MARK: Payloads

    /// A frame that is a message and lies whole in the input.
    @inline(__always)
    private mutating func wholeMessage(
        _ input: Span<UInt8>, _ position: inout Int, _ scratch: inout [UInt8]
    ) -> FrameEvent {
        let start = position
        let count = frame.length
        let kind: MessageKind = frame.opcode == 1 ? .text : .binary
        guard frame.masked else {
            if kind == .text && !UTF8Validator.isValid(input, from: start, count: count) {
                return violation(.invalidUTF8, input, &position)
            }
            position = start &+ count
            return .message(kind, .input(start: start, count: count))
        }
        if scratch.count < count {
            scratch.append(contentsOf: repeatElement(0, count: max(4096, count) &- scratch.count))
        }
        let mask = frame.mask
        let beyondASCII = unsafe input.withUnsafeBytes { from in
            unsafe scratch.withUnsafeMutableBytes { to in
                guard let source = from.baseAddress, let target = to.baseAddress else { return false }
                return unsafe Masking.copy(from: source + start, to: target, count: count, mask: mask)
            }
        }
        if beyondASCII && kind == .text && !UTF8Validator.isValid(scratch.span, from: 0, count: count) {
            return violation(.invalidUTF8, input, &position)
        }
        position = start &+ count
        return .message(kind, .scratch(count: count))
    }

    private mutating func beginFrame() {
        inFrame = true
        if frame.isControl {
            control.removeAll(keepingCapacity: true)
            return
        }
        if frame.opcode != 0 { gathering = frame.opcode }
        // Only once for a message: its later fragments grow it by doubling, however small they are.
        if partial.isEmpty && frame.length > 0 { partial.reserveCapacity(min(frame.length, FrameReader.firstReserve)) }
    }

    /// Takes what has come of the frame's payload.
    private mutating func gather(_ input: Span<UInt8>, _ position: inout Int) {
        let count = min(frame.length, input.count &- position)
        guard count > 0 else { return }
        if frame.isControl {
            FrameReader.append(input, position, count, frame.mask, to: &control)
        } else {
            FrameReader.append(input, position, count, frame.mask, to: &partial)
        }
        position &+= count
        frame.length &-= count
        frame.mask = Masking.key(frame.mask, at: count)
    }

    private static func append(
        _ input: Span<UInt8>, _ start: Int, _ count: Int, _ mask: UInt32, to target: inout [UInt8]
    ) {
        let before = target.count
        unsafe input.withUnsafeBufferPointer { unsafe target.append(contentsOf: $0[start..<start &+ count]) }
        guard mask != 0 else { return }
        unsafe target.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            let place = unsafe base + before
            _ = unsafe Masking.copy(from: place, to: place, count: count, mask: mask)
        }
    }

    private mutating func gatheredMessage(_ input: Span<UInt8>, _ position: inout Int) -> FrameEvent {
        let kind: MessageKind = gathering & 0x0F == 1 ? .text : .binary
        let isCompressed = gathering & FrameHeader.compressed != 0
        gathering = 0
        delivered = true
        if isCompressed {
            mostGathered = maxMessage
            return .compressed(kind)
        }
        if kind == .text && !UTF8Validator.isValid(partial.span, from: 0, count: partial.count) {
            return violation(.invalidUTF8, input, &position)
        }
        return .message(kind, .partial)
    }

    private mutating func controlFrame(_ input: Span<UInt8>, _ position: inout Int) -> FrameEvent {
        switch frame.opcode {
        case 9: return .ping
        case 10: return .pong
        default: break
        }
        if control.isEmpty {
            finish(input, &position)
            return .close(nil)
        }
        if control.count == 1 { return violation(.badClosePayload, input, &position) }
        let code = CloseCode(rawValue: UInt16(control[0]) &<< 8 | UInt16(control[1]))
        if !code.mayBeSent { return violation(.badCloseCode, input, &position) }
        control.removeSubrange(0..<2)
        if !UTF8Validator.isValid(control.span, from: 0, count: control.count) {
            return violation(.invalidUTF8, input, &position)
        }
        finish(input, &position)
        return .close(code)
    }

    // MARK: Ends

    private mutating func violation(
        _ problem: FrameViolation, _ input: Span<UInt8>, _ position: inout Int
    ) -> FrameEvent {
        finish(input, &position)
        return .violation(problem.closeCode, problem)
    }

    private mutating func finish(_ input: Span<UInt8>, _ position: inout Int) {
        finished = true
        inFrame = false
        gathering = 0
        partial = []
        position = input.count
    }

    /// The message in `partial` was used. A small buffer is kept while this read has more to give.
    private mutating func forgetDelivered() {
        delivered = false
        if partial.capacity > FrameReader.firstReserve {
            partial = []
        } else {
            partial.removeAll(keepingCapacity: true)
        }
    }

    /// The read is consumed and no frame is half read: an idle leg holds no buffer.
    private mutating func rest() {
        if gathering == 0 && partial.capacity > 0 { partial = [] }
        if control.capacity > 0 { control = [] }
    }
}
