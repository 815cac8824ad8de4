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
        /// Becomes `fields`.
        case startLine
        /// Becomes `over`.
        case fields
        case over
    }

    let message: Message
    private(set) var startLine: [UInt8] = []
    private(set) var fields: [Handshake.Field] = []
    private var state = State.startLine
    /// The beginning of the line that is not over.
    private var line: [UInt8] = []
    /// Bytes of the line since its last border: a space of the start line, the colon of a field.
    private var part = 0
    private var colon: Int?
    private var count = 0
    /// A CR came: LF must follow.
    private var endsLine = false

    package init(_ message: Message) { self.message = message }

    /// Reads on at `position`, which stands behind the last byte of the head afterwards, or at the end of the bytes.
    /// Not to be called again once the head is whole, nor after a problem.
    package mutating func read(_ bytes: Span<UInt8>, at position: inout Int) throws(Problem) -> Progress {
        while position < bytes.count, state != .over {
            let byte = bytes[position]
            position &+= 1
            count &+= 1
            if count > Self.longest { throw .tooLarge }
            if endsLine {
                guard byte == 0x0A else { throw .malformed }
                endsLine = false
                try endLine()
            } else if byte == 0x0D {
                endsLine = true
            } else {
                try add(byte)
            }
        }
        return state == .over ? .whole : .needsMore
    }

    private mutating func add(_ byte: UInt8) throws(Problem) {
        guard byte >= 0x20 && byte != 0x7F || byte == 0x09 && (state == .fields || message == .answer)
        else { throw .malformed }
        if state == .startLine {
            // Before a whole line has come: who speaks another protocol may never send one.
            guard beginsWell(byte) else { throw .malformed }
            part = byte == 0x20 ? 0 : part &+ 1
        } else if byte == 0x3A, colon == nil {
            colon = line.count
            part = 0
        } else {
            part &+= 1
        }
        if part > Self.longestPart { throw .tooLarge }
        line.append(byte)
    }

    /// Whether the start line may go on so: with a method, or with `HTTP/`.
    private func beginsWell(_ byte: UInt8) -> Bool {
        switch message {
        case .request:
            return FieldText.isTokenByte(byte) || !line.isEmpty && (byte == 0x20 || line.contains(0x20))
        case .answer:
            return line.count >= Self.protocolName.count || byte == Self.protocolName[line.count]
        }
    }

    static let protocolName = Array("HTTP/".utf8)

    private mutating func endLine() throws(Problem) {
        if state == .startLine {
            // One empty line before a request is none of it (RFC 9112 §2.2).
            if line.isEmpty, message == .request, count == 2 { return }
            startLine = line
            state = .fields
        } else if line.isEmpty {
            state = .over
        } else {
            try endField()
        }
        line.removeAll(keepingCapacity: true)
        part = 0
        colon = nil
    }

    private mutating func endField() throws(Problem) {
        // A line that begins with white space would go on with the one before it.
        guard let colon, colon > 0, line[..<colon].allSatisfy(FieldText.isTokenByte) else { throw .malformed }
        guard fields.count < Self.mostFields else { throw .tooLarge }
        let name = String(decoding: line[..<colon], as: UTF8.self)
        let value = FieldText.trimmed(line[(colon + 1)...])
        fields.append(Handshake.Field(name: name, value: ByteString(value)))
    }
}

/// A version of HTTP: `HTTP/1.1`. Nil for anything but HTTP/1.
func httpMinorVersion(_ text: ArraySlice<UInt8>) -> Int? {
    guard text.count == 8, text.starts(with: "HTTP/1.".utf8), let last = text.last, (0x30...0x39).contains(last)
    else { return nil }
    return Int(last - 0x30)
}
