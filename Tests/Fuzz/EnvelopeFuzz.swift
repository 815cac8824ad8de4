// fuzz-sources: Sources/ShuntCore/Wire Tests/Fuzz/Support Tests/ShuntCoreTests/Wire/NaiveJSON.swift
//
// Any bytes as a message: the scan must agree with a plain recursive reader, and what it points at must be there.

private let names = ["a", "type", "agent_type", "payload", "é", "a_name_of_more_than_forty_bytes_in_one_long_row", ""]
private let paths = names + ["payload.a", "payload.id", "payload.id.a"]
private let keys = KeySet(paths)
private let folding = KeySet(paths, folding: "type")
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

/// A number as its sign, its digits without zeros at the ends, and the power of ten of the last: by the text, slowly.
private func number(_ raw: [UInt8]) -> [String]? {
    let text = text(raw).lowercased()
    let parts = text.split(separator: "e")
    guard raw.count <= 128, let power = parts.count > 1 ? Int(parts[1]) : 0, abs(power) < 1_000_000_000 else {
        return nil
    }
    let isNegative = text.hasPrefix("-")
    let halves = parts[0].drop { $0 == "-" }.split(separator: ".")
    var digits = Array(halves.joined())
    var exponent = power - (halves.count > 1 ? halves[1].count : 0)
    while digits.last == "0" {
        digits.removeLast()
        exponent += 1
    }
    digits = Array(digits.drop { $0 == "0" })
    return digits.isEmpty ? ["", "", ""] : [isNegative ? "-" : "", String(digits), "\(exponent)"]
}

/// Whether two values say the same, by the plain reader; nil where their bytes decide.
private func agree(_ one: NaiveJSON.Member, _ two: NaiveJSON.Member) -> Bool? {
    switch (one.value, two.value) {
    case (.string(let left), .string(let right)): return left == right
    case (.other(let left), .other(let right)):
        let isNumber = { (raw: [UInt8]) in raw[0] == UInt8(ascii: "-") || (48...57).contains(raw[0]) }
        guard isNumber(left), isNumber(right) else { return left == right }
        guard let first = number(left), let second = number(right) else { return nil }
        return first == second
    case (.string, _), (_, .string), (.other, _), (_, .other): return false
    default: return nil
    }
}

/// The scan compares values by what they say, and so do the keys of tables.
private func compare(_ members: [NaiveJSON.Member], _ bytes: [UInt8], _ envelope: borrowing Envelope) {
    for (slot, other) in [(0, 1), (1, 2), (0, 2)] {
        guard let left = envelope.value(slot), let right = envelope.value(other),
            let one = members.last(where: { $0.name == Array(names[slot].utf16) }),
            let two = members.last(where: { $0.name == Array(names[other].utf16) })
        else { continue }
        let same = JSONString.same(bytes.span, left, bytes.span, right)
        require(same == (JSONContent.key(one.raw) == JSONContent.key(two.raw)), "keys and values: \(text(bytes))")
        guard let expected = agree(one, two) else { continue }
        require(same == expected, "\(text(one.raw)) and \(text(two.raw))")
    }
}

/// What is remembered of earlier messages changes nothing: this one is read after one like it, byte for byte and with some
/// byte changed.
private func checkMemory(_ bytes: [UInt8], _ keys: KeySet, early: Bool) {
    var warm = Envelope(remembers: true)
    for round in 0..<6 {
        var message = bytes
        if round % 2 == 1, let last = bytes.indices.last {
            let place = (round * 31 + Int(bytes[0])) % (last + 1)
            message[place] = bytes[(place * 7 + round) % (last + 1)]
        }
        var cold = Envelope()
        let expected = cold.scan(message.span, for: keys, nesting: 64, early: early)
        let result = warm.scan(message.span, for: keys, nesting: 64, early: early)
        require(result == expected, "\(result) instead of \(expected): \(text(message))")
        guard result == .object else { continue }
        require(warm.occurrenceCount == cold.occurrenceCount, "occurrences: \(text(message))")
        require(warm.memberCount == cold.memberCount && warm.oddities == cold.oddities, "counts: \(text(message))")
        for index in 0..<cold.occurrenceCount {
            require(
                warm[index] == cold[index] && warm.counts(index) == cold.counts(index), "at \(index): \(text(message))")
        }
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEnvelope(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    let result = check(bytes, keys, early: false)
    require(check(bytes, lifting, early: false) == result, "lifting changes what is well-formed")
    require(check(bytes, folding, early: false) == result, "other spellings of a name change what is well-formed")
    if result == .object {
        require(check(bytes, keys, early: true) == .object, "early and full scan disagree")
        var early = Envelope()
        var whole = Envelope()
        _ = early.scan(bytes.span, for: keys, nesting: 64, early: true)
        _ = whole.scan(bytes.span, for: keys, nesting: 64, early: false)
        // What stands there once is the same, however far the scan went.
        if whole.oddities.isDisjoint(with: [.repeated, .repeatedParent]) {
            for slot in 0..<keys.count {
                require(early.value(slot) == whole.value(slot), "\(paths[slot]), early and whole: \(text(bytes))")
            }
        }
    }
    _ = check(bytes, lifting, early: true)

    for keys in [keys, lifting, folding] {
        checkMemory(bytes, keys, early: false)
        checkMemory(bytes, keys, early: true)
    }

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
                var found: NaiveJSON.Member?
                var inside: [NaiveJSON.Member]? = members
                for name in path.split(separator: ".") {
                    found = inside?.last { $0.name == Array(name.utf16) }
                    inside = found?.value.members
                }
                expected = found?.raw
            }
            let found = envelope.value(slot).map { Array(bytes[$0.start..<$0.end]) }
            require(found == expected, "\(path) in \(text(bytes))")
        }
        compare(members, bytes, envelope)
    }
    return 0
}
