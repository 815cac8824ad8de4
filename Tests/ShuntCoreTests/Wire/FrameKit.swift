import ShuntCore

/// What somebody hears who reads frames, with the bytes themselves.
enum Heard: Equatable {
    case text([UInt8])
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16?, [UInt8])
    case violation(UInt16, FrameViolation)
    /// A compressed message as it came.
    case compressed(MessageKind, [UInt8])
}

/// Everything that a reader says about bytes that come in these reads.
func hear(
    _ reads: [[UInt8]], masked: Bool = false, maxMessage: Int = 1 << 20, takesCompressed: Bool = false
) -> [Heard] {
    var reader = FrameReader(expectsMasked: masked, maxMessage: maxMessage, takesCompressed: takesCompressed)
    return hear(reads, &reader)
}

func hear(_ reads: [[UInt8]], _ reader: inout FrameReader) -> [Heard] {
    var heard: [Heard] = []
    var scratch: [UInt8] = []
    for read in reads {
        var position = 0
        while true {
            let event = reader.next(read.span, at: &position, scratch: &scratch)
            switch event {
            case .needsMore: break
            case .message(let kind, let payload):
                let bytes =
                    switch payload {
                    case .input(let start, let count): Array(read[start..<start + count])
                    case .scratch(let count): Array(scratch[..<count])
                    case .partial: reader.partial
                    }
                heard.append(kind == .text ? .text(bytes) : .binary(bytes))
            case .ping: heard.append(.ping(reader.control))
            case .pong: heard.append(.pong(reader.control))
            case .close(let code): heard.append(.close(code?.rawValue, reader.control))
            case .compressed(let kind): heard.append(.compressed(kind, reader.partial))
            case .violation(let code, let problem): heard.append(.violation(code.rawValue, problem))
            }
            if event == .needsMore { break }
        }
        if position != read.count { heard.append(.violation(0, .lengthOverflow)) }
    }
    return heard
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
