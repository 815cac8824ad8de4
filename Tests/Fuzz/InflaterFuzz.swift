import ShuntDeflate

// Compressed messages of a peer, one after the other: no more comes out than is taken, no more room is made than a step
// beyond that, and what is compressed here comes back.

private func require(_ condition: @autoclosure () -> Bool, _ what: @autoclosure () -> String) {
    if !condition() { fatalError(what()) }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzInflater(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    var input = Array(UnsafeBufferPointer(start: data, count: size))[...]
    let flags = input.popFirst() ?? 0
    let bits = 9 + Int(flags >> 1) % 7
    let limit = Int(input.popFirst() ?? 0) * 300
    guard let inflater = Inflater(windowBits: bits),
        let deflater = Deflater(level: Int(flags >> 5) + 1, windowBits: bits),
        let own = Inflater(windowBits: bits)
    else { fatalError("no memory") }
    var room: [UInt8] = []
    while let length = input.popFirst() {
        let message = Array(input.prefix(Int(length)))
        input = input.dropFirst(Int(length))
        if case .whole(let count) = inflater.expand(message.span, into: &room, limit: limit) {
            require(count <= limit, "\(count) bytes of \(limit)")
        }
        require(room.count <= limit + 1, "room for \(room.count) bytes of \(limit)")
        if flags & 1 != 0 { inflater.reset() }
        var packed: [UInt8] = []
        var back: [UInt8] = []
        guard let count = deflater.compress(message.span, into: &packed) else { fatalError("zlib failed") }
        let outcome = own.expand(packed.span.extracting(0..<count), into: &back, limit: message.count)
        require(outcome == .whole(message.count) && Array(back[..<message.count]) == message, "\(outcome)")
    }
    return 0
}
