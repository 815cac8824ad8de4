// fuzz-sources: Sources/ShuntCore/Wire Tests/Fuzz/Support Tests/ShuntCoreTests/Wire/NaiveJSON.swift
//
// Any bytes as a message: the scan must agree with a plain recursive reader, and what it points at must be there.

private let names = ["a", "type", "agent_type", "payload", "é", "a_name_of_more_than_forty_bytes_in_one_long_row", ""]
private let paths = names + ["payload.a", "payload.id"]
private let keys = KeySet(paths)
private let lifting = KeySet(paths, unwrap: "data")

private func check(_ bytes: [UInt8], _ keys: KeySet, early: Bool) -> ScanResult {
    var envelope = Envelope()
    let result = envelope.scan(bytes.span, for: keys, nesting: 64, early: early)
    for slot in 0..<keys.count {
        guard let value = envelope.value(slot) else { continue }
        require(result == .object, "a value in what is no object")
        require(value.start < value.end && value.start > 0 && value.end < bytes.count, "a value outside of the message")
        var probe = Envelope()
        let wrapped = utf8("{\"a\":") + bytes[value.start..<value.end] + utf8("}")
        require(probe.scan(wrapped.span, for: keys, nesting: 65, early: false) == .object, "a value that is no JSON")
        require(probe.value(0)?.kind == value.kind, "a value of another kind")
        let content = JSONString.content(bytes.span, value)
        if value.kind == .string && String(validating: content, as: UTF8.self) != nil {
            var quoted: [UInt8] = []
            JSONString.appendQuoted(content, to: &quoted)
            let again = JSONValue(kind: .string, start: 0, end: quoted.count)
            require(JSONString.content(quoted.span, again) == content, "content does not come back")
            if !text(content).unicodeScalars.contains("\u{FFFD}") {
                require(JSONString.equals(bytes.span, value, content), "a string does not equal its content")
                require(JSONString.same(bytes.span, value, quoted.span, again), "a string is not the same")
            }
        }
    }
    switch result {
    case .malformed(let place), .tooDeep(let place): require(place >= 0 && place <= bytes.count, "a place outside")
    default: break
    }
    return result
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEnvelope(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    let result = check(bytes, keys, early: false)
    require(check(bytes, lifting, early: false) == result, "lifting changes what is well-formed")
    if result == .object { require(check(bytes, keys, early: true) == .object, "early and full scan disagree") }
    _ = check(bytes, lifting, early: true)

    // The plain reader recurses: not too deep. It takes text for UTF-8, which the frame reader has checked.
    guard String(validating: bytes, as: UTF8.self) != nil,
        bytes.count(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "[") }) < 200
    else { return 0 }
    let naive = NaiveJSON(bytes)
    switch result {
    case .malformed: require(naive == nil, "well-formed: \(text(bytes))")
    case .notAnObject: require(naive != nil && naive?.members == nil, "an object or none: \(text(bytes))")
    case .tooDeep: require(naive == nil || (naive?.depth ?? 0) > 64, "not deep: \(text(bytes))")
    case .object:
        guard let members = naive?.members else { fatalError("no object: \(text(bytes))") }
        var envelope = Envelope()
        _ = envelope.scan(bytes.span, for: keys, nesting: 64, early: false)
        for (slot, path) in paths.enumerated() {
            var expected: [UInt8]?
            if slot < names.count {
                expected = members.last { $0.name == Array(path.utf16) }?.raw
            } else {
                let name = Array(path.utf16.dropFirst("payload.".utf16.count))
                let parent = members.last { $0.name == Array("payload".utf16) }
                expected = parent?.value.members?.last { $0.name == name }?.raw
            }
            let found = envelope.value(slot).map { Array(bytes[$0.start..<$0.end]) }
            require(found == expected, "\(path) in \(text(bytes))")
        }
    }
    return 0
}
