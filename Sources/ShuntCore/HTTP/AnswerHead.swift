/// The head of an answer: `HTTP/1.1 101 Switching Protocols` and its fields.
package struct AnswerHead: Sendable, Equatable {
    /// 100…999.
    package let status: Int
    /// Empty where there is none.
    package let reason: ByteString
    package let fields: HeaderFields

    /// Takes the head from a reader that has it whole. Nil where the first line is none of an answer: a version of HTTP/1,
    /// a status of three digits and, if anything follows, a space.
    package init?(_ reader: HeadReader) {
        let line = reader.startLine
        guard reader.message == .answer, line.count >= 12, httpMinorVersion(line[..<8]) != nil, line[8] == 0x20,
            line[9..<12].allSatisfy({ (0x30...0x39).contains($0) }), line.count == 12 || line[12] == 0x20
        else { return nil }
        status = line[9..<12].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard status >= 100 else { return nil }
        reason = ByteString(line[12...].dropFirst())
        fields = reader.fields
    }

    /// An interim answer, which another one follows.
    package var isInterim: Bool { status < 200 && status != 101 }
}

/// Reads the answer to an opening handshake: its head, behind interim ones.
package struct AnswerReader: Sendable {
    package enum Progress: Sendable, Equatable {
        case needsMore
        case head(AnswerHead)
    }

    /// Interim answers that are passed over.
    package static let mostInterim = 4

    private var head = HeadReader(.answer)
    private var interim = 0

    package init() {}

    /// Reads on, as `HeadReader.read`.
    package mutating func read(_ bytes: Span<UInt8>, at position: inout Int) throws(HeadReader.Problem) -> Progress {
        while try head.read(bytes, at: &position) == .whole {
            guard let answer = AnswerHead(head) else { throw .malformed }
            guard answer.isInterim else { return .head(answer) }
            interim += 1
            guard interim <= Self.mostInterim else { throw .tooManyInterim }
            head = HeadReader(.answer)
        }
        return .needsMore
    }
}
