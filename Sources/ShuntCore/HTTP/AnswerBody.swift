/// Takes the body of an answer out of what follows its head (RFC 9112 §6.3), as much of it as is asked for.
package struct AnswerBody: Sendable {
    package enum Progress: Sendable, Equatable {
        case needsMore
        /// The body is over, or all that is asked for is there.
        case whole
        /// The next bytes are no part of a body; those before stand.
        case malformed
    }

    private enum State {
        /// The number of bytes that are to come. Becomes `over`.
        case length(Int)
        /// All that comes, to the end of the connection.
        case toTheEnd
        /// The line with a chunk's size. Becomes `chunk` or `trailer`.
        case size
        /// The number of bytes of a chunk that are to come. Becomes `chunkEnd`.
        case chunk(Int)
        /// The CRLF behind a chunk. Becomes `size`.
        case chunkEnd
        /// Fields behind the last chunk, which are nobody's. Becomes `over`.
        case trailer
        case over
    }

    private var state: State
    private let most: Int
    /// Bytes of the line in hand.
    private var line: [UInt8] = []
    private var endsLine = false
    /// Lines of chunks' sizes and trailers are no longer than this.
    private static let longestLine = 4 << 10
    package private(set) var bytes: [UInt8] = []

    /// - Parameters:
    ///   - head: tells how long the body is. Nil is returned where that is told wrongly: by lengths that differ, or are
    ///     none.
    ///   - most: bytes of the body that are asked for.
    package init?(of head: AnswerHead, most: Int) {
        self.most = most
        let codings = head.fields.members(of: .transferEncoding)
        let lengths = Set(head.fields.members(of: .contentLength))
        if head.status < 200 || head.status == 204 || head.status == 304 {
            state = .over
        } else if let last = codings.last {
            state = asciiEqualIgnoringCase(last, "chunked") ? .size : .toTheEnd
        } else if let length = lengths.first {
            guard lengths.count == 1, let number = AnswerBody.number(length) else { return nil }
            state = number == 0 ? .over : .length(number)
        } else {
            state = .toTheEnd
        }
    }

    /// Up to eighteen digits.
    private static func number(_ text: ByteString) -> Int? {
        guard (1...18).contains(text.count), text.bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return text.bytes.reduce(0) { $0 &* 10 &+ Int($1 &- 0x30) }
    }

    /// Reads the next bytes; none, to ask whether it is over before any came.
    package mutating func read(_ input: Span<UInt8>) -> Progress {
        var position = 0
        while true {
            if case .over = state { return .whole }
            if bytes.count >= most { return .whole }
            guard position < input.count else { return .needsMore }
            switch state {
            case .length(let left):
                let taken = take(input, at: &position, left)
                state = taken == left ? .over : .length(left &- taken)
            case .toTheEnd:
                _ = take(input, at: &position, .max)
            case .chunk(let left):
                let taken = take(input, at: &position, left)
                state = taken == left ? .chunkEnd : .chunk(left &- taken)
            case .size, .chunkEnd, .trailer:
                guard let isLine = gather(input, at: &position) else { return .malformed }
                if isLine, !endLine() { return .malformed }
            case .over:
                break
            }
        }
    }

    /// Takes what is there, but no more than `left`, and no more than is asked for.
    private mutating func take(_ input: Span<UInt8>, at position: inout Int, _ left: Int) -> Int {
        let count = min(min(left, input.count &- position), most &- bytes.count)
        for index in position..<position &+ count { bytes.append(input[index]) }
        position &+= count
        return count
    }

    /// Gathers a line. True when it is whole; nil where it is none.
    private mutating func gather(_ input: Span<UInt8>, at position: inout Int) -> Bool? {
        while position < input.count {
            let byte = input[position]
            position &+= 1
            if endsLine {
                endsLine = false
                return byte == 0x0A ? true : nil
            }
            if byte == 0x0D {
                endsLine = true
            } else {
                guard byte != 0x0A, line.count < Self.longestLine else { return nil }
                line.append(byte)
            }
        }
        return false
    }

    private mutating func endLine() -> Bool {
        defer { line.removeAll(keepingCapacity: true) }
        switch state {
        case .size:
            guard let size = AnswerBody.size(line) else { return false }
            state = size == 0 ? .trailer : .chunk(size)
        case .chunkEnd:
            guard line.isEmpty else { return false }
            state = .size
        case .trailer:
            if line.isEmpty { state = .over }
        default:
            break
        }
        return true
    }

    /// A chunk's size: up to fifteen hexadecimal digits; extensions behind them (RFC 9112 §7.1.1) are passed over.
    private static func size(_ line: [UInt8]) -> Int? {
        let digits = line.prefix { hexValue($0) != nil }
        guard (1...15).contains(digits.count) else { return nil }
        let rest = line[digits.endIndex...].drop(while: FieldText.isWhitespace)
        guard rest.isEmpty || rest.first == 0x3B else { return nil }
        return digits.reduce(0) { $0 &<< 4 | Int(hexValue($1) ?? 0) }
    }
}
