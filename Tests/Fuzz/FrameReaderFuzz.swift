// fuzz-sources: Sources/ShuntCore/Wire Tests/Fuzz/Support
//
// Bytes of a peer, read whole and in pieces: the same must be heard, within the limits, and nothing after the end.

/// What the reader said, with the bytes.
private enum Heard: Equatable {
    case message(MessageKind, [UInt8])
    case control(UInt8, [UInt8])
    case end(UInt16, [UInt8])
}

private func hear(_ bytes: [UInt8], masked: Bool, limit: Int, cuts: [Int]) -> [Heard] {
    var reader = FrameReader(expectsMasked: masked, maxMessage: limit)
    var scratch: [UInt8] = []
    var heard: [Heard] = []
    var start = 0
    var turn = 0
    while start < bytes.count {
        let count = cuts.isEmpty ? bytes.count : cuts[turn % cuts.count]
        let read = Array(bytes[start..<min(bytes.count, start + count)])
        start += read.count
        turn += 1
        var position = 0
        reading: while true {
            let before = position
            let event = reader.next(read.span, at: &position, scratch: &scratch)
            require(position >= before && position <= read.count, "position \(position)")
            if case .end = heard.last { require(event == .needsMore, "\(event) after the end") }
            switch event {
            case .needsMore:
                require(position == read.count, "input is left")
                break reading
            case .message(let kind, .input(let from, let count)):
                heard.append(.message(kind, Array(read[from..<from + count])))
            case .message(let kind, .scratch(let count)): heard.append(.message(kind, Array(scratch[..<count])))
            case .message(let kind, .partial): heard.append(.message(kind, reader.partial))
            case .ping: heard.append(.control(9, reader.control))
            case .pong: heard.append(.control(10, reader.control))
            case .close(let code): heard.append(.end(code?.rawValue ?? 0, reader.control))
            case .compressed: require(false, "a compressed message that nobody agreed on")
            case .violation(let code, let problem): heard.append(.end(code.rawValue, [problem.rawValue]))
            }
            switch heard.last {
            case .message(let kind, let bytes):
                require(bytes.count <= limit, "a message of \(bytes.count) bytes")
                if kind == .text { require(String(validating: bytes, as: UTF8.self) != nil, "text that is no UTF-8") }
            case .control(_, let bytes): require(bytes.count <= 125, "a control frame of \(bytes.count) bytes")
            default: break
            }
        }
        require(reader.partial.count <= limit, "\(reader.partial.count) bytes gathered")
    }
    return heard
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFrameReader(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    var input = FuzzInput(data, size)
    let flags = input.byte()
    let limit = flags & 2 != 0 ? 1 << 20 : Int(input.byte()) * 3
    let cuts = [input.below(7) + 1, input.below(40) + 1, input.below(3) + 1]
    let bytes = input.bytes()
    let whole = hear(bytes, masked: flags & 1 != 0, limit: limit, cuts: [])
    require(whole == hear(bytes, masked: flags & 1 != 0, limit: limit, cuts: cuts), "cuts change what is heard")
    require(whole == hear(bytes, masked: flags & 1 != 0, limit: limit, cuts: [1]), "single bytes change what is heard")
    return 0
}
