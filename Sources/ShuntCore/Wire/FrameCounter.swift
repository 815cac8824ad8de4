/// Counts the messages of one direction of a WebSocket by its frames' headers (RFC 6455 §5.2): payloads are skipped,
/// whatever extension they are coded by. It changes nothing, and judges nothing but lengths.
package struct FrameCounter: Sendable {
    /// Data frames with FIN: the last ones of messages.
    package private(set) var messages = 0
    /// Bytes of payload that came, of all frames: what a header announces is nobody's use of anything.
    package private(set) var payload = 0
    /// Payload of the frame in hand that is still to come.
    private var left = 0
    /// The beginning of a header whose rest has not come.
    private var head = InlineArray<14, UInt8>(repeating: 0)
    private var headCount = 0
    /// A length was no length: from there on nobody knows where frames begin.
    private var isLost = false

    package init() {}

    /// Whether nothing of a frame is under way, so that another one may be put in here.
    package var isBetweenFrames: Bool { left == 0 && headCount == 0 && !isLost }

    /// Takes the next bytes of the stream.
    package mutating func count(_ bytes: Span<UInt8>) {
        var position = 0
        while !isLost {
            let skipped = min(left, bytes.count &- position)
            left &-= skipped
            position &+= skipped
            payload &+= skipped
            guard left == 0, position < bytes.count else { return }
            if takeShort(bytes, &position) { continue }
            guard takeHead(bytes, &position) else { return }
        }
    }

    /// Takes a header that is there as a whole, with the length that all but a few frames have: without a copy of it.
    @inline(__always)
    private mutating func takeShort(_ bytes: Span<UInt8>, _ position: inout Int) -> Bool {
        guard headCount == 0, bytes.count &- position >= 8 else { return false }
        let (first, second) = (bytes.byte(at: position), bytes.byte(at: position &+ 1))
        let short = second & 0x7F
        guard short < 127 else { return false }
        var length = Int(short)
        if short == 126 { length = Int(bytes.byte(at: position &+ 2)) << 8 | Int(bytes.byte(at: position &+ 3)) }
        position &+= FrameHeader.size(second)
        begin(first, length)
        return true
    }

    @inline(__always)
    private mutating func begin(_ first: UInt8, _ length: Int) {
        left = length
        // FIN, and one of the opcodes of data: continuation, text, binary.
        if first >= 0x80, first & 0x0F <= 2 { messages &+= 1 }
    }

    /// Takes a header as far as it has come. True when it is whole.
    private mutating func takeHead(_ bytes: Span<UInt8>, _ position: inout Int) -> Bool {
        while position < bytes.count {
            head[headCount] = bytes.byte(at: position)
            headCount &+= 1
            position &+= 1
            if headCount >= 2, headCount >= FrameHeader.size(head[1]) {
                takeFrame()
                return true
            }
        }
        return false
    }

    private mutating func takeFrame() {
        headCount = 0
        let short = head[1] & 0x7F
        var length = UInt64(short)
        if short >= 126 {
            length = 0
            for index in 2..<(short == 126 ? 4 : 10) { length = length &<< 8 | UInt64(head[index]) }
        }
        guard let known = Int(exactly: length) else {
            isLost = true
            return
        }
        begin(head[0], known)
    }
}
