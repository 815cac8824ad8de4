/// Reads the head of one HTTP/1.1 message (RFC 9112 §2.1), however its bytes come: a start line, fields, an empty line.
///
/// Strict, because what two readers understand differently is how one of them is deceived: lines end with CRLF and
/// nothing else, no line is folded, nothing stands between a field's name and its colon, no control characters but tabs
/// in values. Values are bytes, as they came.
package struct HeadReader: Sendable {
    package enum Message: Sendable { case request, answer }

    package enum Problem: Error, Sendable, Equatable {
        /// The bytes are no head.
        case malformed
        /// The head is longer than one may be.
        case tooLarge
        /// Before it there were more interim answers than are passed over.
        case tooManyInterim
    }

    package enum Progress: Sendable, Equatable { case needsMore, whole }

    /// Bytes of a request target, of a field's name and of its value.
    package static let longestPart = 16 << 10
    package static let mostFields = 100
    /// Bytes of a head.
    package static let longest = 64 << 10

    private enum State {
        /// Becomes `lineStart`.
        case startLine
        /// A field begins, or the empty line. Becomes `name` or `over`.
        case lineStart
        /// Becomes `value`.
        case name
        /// Becomes `lineStart`.
        case value
        case over
    }

    let message: Message
    private(set) var startLine: [UInt8] = []
    private(set) var fields = HeaderFields()
    private var state = State.startLine
    /// Bytes of the line since its last border: a space of the start line, the colon of a field.
    private var part = 0
    private var count = 0
    /// A CR came: LF must follow.
    private var endsLine = false

    package init(_ message: Message) { self.message = message }

    /// Reads on at `position`, which stands behind the last byte of the head afterwards, or at the end of the bytes.
    /// Not to be called again once the head is whole, nor after a problem.
    package mutating func read(_ bytes: Span<UInt8>, at position: inout Int) throws(Problem) -> Progress {
        while position < bytes.count, state != .over {
            let end = min(bytes.count, position &+ (Self.longest &- count))
            guard position < end else { throw .tooLarge }
            let start = position
            if !endsLine { while position < end, isPlain(bytes[position]) { position &+= 1 } }
            count &+= position &- start
            if position > start { try add(bytes.extracting(start..<position)) }
            guard position < end else { continue }
            let byte = bytes[position]
            position &+= 1
            count &+= 1
            guard byte == (endsLine ? 0x0A : 0x0D) else { throw .malformed }
            if endsLine { try endLine() }
            endsLine.toggle()
        }
        return state == .over ? .whole : .needsMore
    }

    /// Whether a byte may stand in the line in hand.
    @inline(__always)
    private func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == 0x09 && (state != .startLine || message == .answer)
    }

    /// Adds bytes to the line in hand.
    private mutating func add(_ bytes: Span<UInt8>) throws(Problem) {
        switch state {
        case .startLine:
            for index in bytes.indices { try addToStartLine(bytes[index]) }
        case .lineStart, .name:
            if state == .lineStart { fields.begin() }
            state = .name
            let colon = bytes.indices.first { bytes[$0] == 0x3A } ?? bytes.count
            try grow(by: colon)
            fields.append(bytes.extracting(..<colon))
            guard colon < bytes.count else { return }
            // A line that begins with white space would go on with the one before it.
            guard fields.isNameWell else { throw .malformed }
            fields.endName()
            state = .value
            part = 0
            if colon &+ 1 < bytes.count { try add(bytes.extracting((colon &+ 1)...)) }
        case .value:
            try grow(by: bytes.count)
            var start = 0
            if fields.isValueEmpty { while start < bytes.count, FieldText.isWhitespace(bytes[start]) { start &+= 1 } }
            fields.append(bytes.extracting(start...))
        case .over:
            break
        }
    }

    private mutating func grow(by count: Int) throws(Problem) {
        part &+= count
        if part > Self.longestPart { throw .tooLarge }
    }

    private mutating func addToStartLine(_ byte: UInt8) throws(Problem) {
        // Before a whole line has come: who speaks another protocol may never send one.
        guard beginsWell(byte) else { throw .malformed }
        if byte == 0x20 {
            part = 0
            hasSpace = true
        } else {
            try grow(by: 1)
        }
        startLine.append(byte)
    }

    /// The start line has a space.
    private var hasSpace = false

    /// Whether the start line may go on so: with a method, or with `HTTP/`.
    private func beginsWell(_ byte: UInt8) -> Bool {
        switch message {
        case .request:
            return hasSpace || FieldText.isTokenByte(byte) || byte == 0x20 && !startLine.isEmpty
        case .answer:
            return startLine.count >= Self.protocolName.count || byte == Self.protocolName[startLine.count]
        }
    }

    static let protocolName = Array("HTTP/".utf8)

    private mutating func endLine() throws(Problem) {
        switch state {
        case .startLine:
            // One empty line before a request is none of it (RFC 9112 §2.2).
            if startLine.isEmpty, message == .request, count == 2 { return }
            state = .lineStart
        case .lineStart:
            state = .over
        case .name:
            throw .malformed
        case .value:
            guard fields.count <= Self.mostFields else { throw .tooLarge }
            fields.endField()
            state = .lineStart
        case .over:
            break
        }
        part = 0
    }
}

/// A version of HTTP: `HTTP/1.1`. Nil for anything but HTTP/1.
func httpMinorVersion(_ text: ArraySlice<UInt8>) -> Int? {
    guard text.count == 8, text.starts(with: "HTTP/1.".utf8), let last = text.last, (0x30...0x39).contains(last)
    else { return nil }
    return Int(last - 0x30)
}
