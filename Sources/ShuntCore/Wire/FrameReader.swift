/// Where the payload of a message is after `FrameReader.next` has returned it.
package enum Payload: Sendable, Equatable {
    /// A range of the input itself: the frame came whole and unmasked.
    case input(start: Int, count: Int)
    /// The first `count` bytes of the worker's scratch buffer: the frame came whole and was masked.
    case scratch(count: Int)
    /// The reader's own `partial` buffer: the message came in several reads or fragments.
    case partial
}

/// What reading on has found.
package enum FrameEvent: Sendable, Equatable {
    /// All input is consumed; nothing more can be said before the next read.
    case needsMore
    case message(MessageKind, Payload)
    /// The payload of at most 125 bytes is in `FrameReader.control`.
    case ping
    case pong
    /// The peer's close frame; nil when it carries no code. The reason (valid UTF-8) is in `FrameReader.control`.
    case close(CloseCode?)
    /// The peer broke the protocol; close with this code. The reader says nothing more.
    case violation(CloseCode, FrameViolation)
}

/// What a peer did wrong, for logs and the reason of the close frame.
package enum FrameViolation: UInt8, Sendable, Equatable, CaseIterable {
    case reservedBits, reservedOpcode, unmasked, masked, fragmentedControl, longControl, nonMinimalLength
    case lengthOverflow, unexpectedContinuation, interleavedMessage, messageTooBig, invalidUTF8
    case badCloseCode, badClosePayload
}
