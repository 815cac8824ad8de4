// fuzz-sources: Sources/ShuntCore/Wire Tests/Fuzz/Support
//
// Any edits on any message: what comes out is an object again, says what the edits asked for, and goes through a frame.

private let names = ["a", "b", "type", "data", "é"]
private let paths = names + ["p.a", "p.b"]
private let literals = ["1", "\"x\"", "null", "{\"a\":[1]}", "\"\\u0062\"", "[]", "\"a\""].map(utf8)
private let keySets = [KeySet(paths), KeySet(paths, unwrap: "data")]

private func rules(_ input: inout FuzzInput) -> ReshapeRules {
    var rules = ReshapeRules()
    func name() -> String { names[input.below(names.count)] }
    let kinds = input.byte()
    if kinds & 1 != 0 { rules.rename = [.init(from: name(), to: name())] }
    if kinds & 2 != 0 {
        rules.map = [.init(field: name(), values: [.init(from: "b", to: "\"c\""), .init(from: "", to: "e")])]
    }
    if kinds & 4 != 0 { rules.defaults = [.init(field: name(), json: text(literals[input.below(literals.count)]))] }
    if kinds & 8 != 0 { rules.copy = [.init(from: name(), to: name())] }
    if kinds & 16 != 0 { rules.set = [.init(field: name(), json: text(literals[input.below(literals.count)]))] }
    if kinds & 32 != 0 { rules.drop = [name()] }
    if kinds & 64 != 0 { rules.wrap = name() }
    return rules
}

/// What is ready made is what the edits one by one would make.
private func checkReadyForm(_ choice: UInt8, _ envelope: borrowing Envelope, _ bytes: [UInt8]) {
    let slots = names.indices.filter { choice >> $0 & 1 != 0 }
    guard let last = slots.last else { return }
    let members = slots.dropLast().map { (slot: $0, json: $0 == 1 ? nil : literals[$0 % literals.count]) }
    guard let form = ReadyForm(members, open: last, keys: keySets[0]) else { fatalError("no form") }
    var (buffer, reshaper) = (SpliceBuffer(), Reshaper())
    let ready = buffer.splice(form, value: literals[0], envelope, bytes.span)
    reshaper.begin(envelope)
    for (slot, json) in members { if let json { reshaper.set(slot, json: json) } else { reshaper.drop(slot) } }
    reshaper.set(last, json: literals[0])
    let edited = reshaper.finish(envelope, keys: keySets[0], bytes.span, into: &buffer)
    let texts = [ready, edited].map { buffer.bytes(of: $0, message: bytes.span) }
    require(texts[0] == texts[1] && texts[0].count == ready.length, "\(text(bytes)): \(text(texts[0]))")
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzReshaper(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    var input = FuzzInput(data, size)
    let flags = input.byte()
    let keys = keySets[Int(flags & 1)]
    let early = flags & 2 != 0
    let first = rules(&input)
    let second = rules(&input)
    let edits = (0..<Int(flags >> 2) & 7).map { _ in (input.below(paths.count), input.below(literals.count + 1)) }
    let bytes = input.bytes()
    var envelope = Envelope()
    guard envelope.scan(bytes.span, for: keys, nesting: 64, early: early) == .object else { return 0 }

    if flags & 3 == 0 { checkReadyForm(UInt8(truncatingIfNeeded: size) ^ flags, envelope, bytes) }
    var reshaper = Reshaper()
    reshaper.begin(envelope)
    for rules in [first, second] {
        guard let program = try? ReshapeProgram(rules, keys: keys) else { fatalError("rules are refused") }
        reshaper.apply(program, bytes.span)
    }
    for (slot, literal) in edits {
        if literal < literals.count { reshaper.set(slot, json: literals[literal]) } else { reshaper.drop(slot) }
    }
    var buffer = SpliceBuffer()
    let splice = reshaper.finish(envelope, keys: keys, bytes.span, into: &buffer)
    let made = buffer.bytes(of: splice, message: bytes.span)
    require(made.count == splice.length, "the splice has another length")

    // Behind the place where an early scan stopped there may be anything.
    if !early {
        var again = Envelope()
        let plain = keySets[0]
        let result = again.scan(made.span, for: plain, nesting: 70, early: false)
        require(result == .object, "\(text(bytes)) became \(text(made)): \(result)")
        if first.wrap == nil && second.wrap == nil {
            for slot in names.indices {
                let found = again.value(slot).map { Array(made[$0.start..<$0.end]) }
                let expected = reshaper.value(slot, bytes.span)
                require(found == expected, "\(paths[slot]): \(text(bytes)) became \(text(made))")
            }
        }
    }

    let mask: UInt32? = flags & 32 != 0 ? 0x0403_0201 : nil
    var frame = [UInt8](repeating: 0, count: FrameEncoder.length(payload: splice.length, masked: mask != nil))
    let written = frame.withUnsafeMutableBytes {
        FrameEncoder.encode(2, splice, buffer, message: bytes.span, mask: mask, into: $0)
    }
    require(written == frame.count, "a frame of \(written) bytes")
    var reader = FrameReader(expectsMasked: mask != nil, maxMessage: made.count)
    var scratch: [UInt8] = []
    var position = 0
    switch reader.next(frame.span, at: &position, scratch: &scratch) {
    case .message(.binary, .input(let start, let count)):
        require(Array(frame[start..<start + count]) == made, "the frame says something else")
    case .message(.binary, .scratch(let count)):
        require(Array(scratch[..<count]) == made, "the masked frame says something else")
    case let event: fatalError("the frame is read as \(event)")
    }
    return 0
}
