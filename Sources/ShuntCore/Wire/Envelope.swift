/// What a message says at its top level, as far as a `KeySet` wants to know: where the wanted members stand. Reused from
/// message to message; it holds places, never bytes.
///
/// All duplicates of a member are remembered, the last one counts. Names compare after unescaping.
package struct Envelope: Sendable {
    /// A wanted member where it stands, or a bracket of the object that is lifted to the top level.
    struct Occurrence: Sendable {
        enum Role: UInt8, Sendable {
            /// A member of the top level.
            case member
            /// A member one level down.
            case nested
            /// From the lifted member's name to its first member.
            case opening
            /// From the end of the lifted member's last member to its closing brace.
            case closing
            /// A lifted object without members.
            case hollow
        }
        var role: Role
        var slot: Int32
        /// The name's opening quote.
        var start: Int
        var value: JSONValue
        /// The end of the member before this one, or the place behind the brace when it is the first.
        var previousEnd: Int
        /// The name of the next member in the same object; -1 when it is the last.
        var next: Int
    }

    /// The most wanted members that a message may hold, duplicates counted; one with more is refused where they begin.
    package static let mostOccurrences = 65536

    private(set) var occurrences: [Occurrence] = []
    private(set) var occurrenceCount = 0
    /// The last occurrence of each slot, or -1.
    private var last: [Int32] = []
    /// Slots that have a value now.
    private var seen = 0
    private var sawUnwrap = false
    /// The object's opening and closing brace.
    private(set) var openBrace = 0
    private(set) var closeBrace = 0
    /// Members of the top level, lifted ones included; at least that many where the scan stopped early.
    private(set) var memberCount = 0

    package init() {}

    /// The value of a slot; nil where the member is absent.
    @inline(__always)
    package func value(_ slot: Int) -> JSONValue? {
        guard slot >= 0, slot < last.count else { return nil }
        let index = Int(last[slot])
        return index >= 0 && index < occurrenceCount ? occurrences[index].value : nil
    }

    /// Scans a message by RFC 8259, to its end.
    ///
    /// - Parameters:
    ///   - nesting: how deep arrays and objects may lie in each other; the outermost object is 1.
    ///   - early: stop when each key was seen once. What follows is not looked at, but for the closing brace at the end.
    package mutating func scan(
        _ bytes: Span<UInt8>, for keys: borrowing KeySet, nesting: Int, early: Bool
    ) -> ScanResult {
        reset(keys.count)
        var index = JSONScanner.skipSpace(bytes, 0)
        let first = bytes.byte(at: index)
        guard first == UInt8(ascii: "{") else { return notAnObject(bytes, index, nesting) }
        if nesting < 1 { return .tooDeep(at: index) }
        openBrace = index
        var top = Level(previousEnd: index &+ 1)
        let stop = early ? keys.count : Int.max
        index = members(bytes, index &+ 1, keys, &top, level: 0, depth: 1, nesting: nesting, stop: stop)
        if let problem { return finish(problem) }
        memberCount = top.count
        if stopped {
            closeBrace = lastByte(bytes)
            if bytes.byte(at: closeBrace) != UInt8(ascii: "}") || closeBrace < index {
                return finish(.malformed(at: closeBrace))
            }
            return .object
        }
        closeBrace = index &- 1
        index = JSONScanner.skipSpace(bytes, index)
        return index == bytes.count ? .object : finish(.malformed(at: index))
    }

    // MARK: Members of an object

    /// Where the scan stands among the members of one object.
    private struct Level {
        var previousEnd: Int
        /// The occurrence that still has to learn where the next member begins, or -1.
        var pending = -1
        var count = 0
    }

    /// Why the scan ended, and whether it was told to.
    private var problem: ScanResult?
    private var stopped = false

    /// The members of an object, from behind its opening brace to behind its closing one. It calls itself for a
    /// wrapper and for a parent of dotted paths only, so at most twice.
    private mutating func members(
        _ bytes: Span<UInt8>, _ start: Int, _ keys: borrowing KeySet, _ place: inout Level,
        level: Int, depth: Int, nesting: Int, stop: Int
    ) -> Int {
        var index = JSONScanner.skipSpace(bytes, start)
        if bytes.byte(at: index) == UInt8(ascii: "}") { return index &+ 1 }
        while true {
            let name = index
            guard bytes.byte(at: name) == UInt8(ascii: "\"") else { return fail(index) }
            let nameEnd = JSONScanner.string(bytes, name &+ 1)
            guard nameEnd.good else { return fail(nameEnd.index) }
            if place.pending >= 0 {
                occurrences[place.pending].next = name
                place.pending = -1
            }
            place.count &+= 1
            if seen >= stop && place.count > 1 && depth == 1 && (sawUnwrap || keys.unwrap == nil) {
                stopped = true
                return index
            }
            index = JSONScanner.skipSpace(bytes, nameEnd.index)
            guard bytes.byte(at: index) == UInt8(ascii: ":") else { return fail(index) }
            index = JSONScanner.skipSpace(bytes, index &+ 1)

            let wanted: Wanted
            if nameEnd.escaped {
                wanted = findEscaped(bytes, name &+ 1..<nameEnd.index &- 1, keys, level, depth)
            } else {
                wanted = find(bytes, name &+ 1, nameEnd.index &- 1 &- (name &+ 1), keys, level, depth)
            }
            if wanted.isLifted { sawUnwrap = true }
            let first = bytes.byte(at: index)
            if wanted.isLifted && first == UInt8(ascii: "{") {
                if depth >= nesting { return fail(.tooDeep(at: index)) }
                index = lift(bytes, name, index, keys, &place, depth: depth, nesting: nesting)
                if problem != nil { return index }
            } else {
                var record = -1
                if wanted.slot >= 0 {
                    record = remember(
                        Occurrence(
                            role: level == 0 ? .member : .nested, slot: wanted.slot, start: name,
                            value: JSONValue(kind: .null, start: index, end: index), previousEnd: place.previousEnd,
                            next: -1))
                    if record < 0 { return fail(name) }
                }
                if wanted.level > 0 { forgetChildren(of: wanted.level, keys) }
                let valueStart = index
                var kind = JSONKind.object
                var escaped = false
                if wanted.level > 0 && first == UInt8(ascii: "{") {
                    if depth >= nesting { return fail(.tooDeep(at: index)) }
                    var inner = Level(previousEnd: index &+ 1)
                    index = members(
                        bytes, index &+ 1, keys, &inner, level: Int(wanted.level), depth: depth &+ 1,
                        nesting: nesting, stop: .max)
                    if problem != nil { return index }
                } else {
                    let value: JSONScanner.ValueEnd
                    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                        value = JSONScanner.container(bytes, index, depth: depth, nesting: nesting)
                    } else {
                        value = JSONScanner.scalar(bytes, index)
                    }
                    guard value.status == .good else {
                        return fail(
                            value.status == .tooDeep
                                ? .tooDeep(at: value.index) : .malformed(at: min(value.index, bytes.count)))
                    }
                    index = value.index
                    kind = value.kind
                    escaped = value.escaped
                }
                if record >= 0 {
                    occurrences[record].value = JSONValue(
                        kind: kind, start: valueStart, end: index, mayEscape: escaped)
                    place.pending = record
                }
                place.previousEnd = index
            }

            index = JSONScanner.skipSpace(bytes, index)
            let byte = bytes.byte(at: index)
            if byte == UInt8(ascii: "}") { return index &+ 1 }
            guard byte == UInt8(ascii: ",") else { return fail(index) }
            index = JSONScanner.skipSpace(bytes, index &+ 1)
        }
    }

    /// The object at `index` is a wrapper: its members are members of the top level.
    private mutating func lift(
        _ bytes: Span<UInt8>, _ name: Int, _ index: Int, _ keys: borrowing KeySet, _ place: inout Level,
        depth: Int, nesting: Int
    ) -> Int {
        let opening = remember(
            Occurrence(
                role: .opening, slot: -1, start: name, value: JSONValue(kind: .object, start: index, end: index),
                previousEnd: place.previousEnd, next: -1))
        if opening < 0 { return fail(name) }
        // The member before a wrapper is followed by the wrapper's first member.
        place.count &-= 1
        let before = place.count
        let end = members(
            bytes, index &+ 1, keys, &place, level: 0, depth: depth &+ 1, nesting: nesting, stop: .max)
        if problem != nil { return end }
        occurrences[opening].value.end = end
        if place.count == before {
            place.count &+= 1
            occurrences[opening].role = .hollow
            place.previousEnd = end
            place.pending = opening
            return end
        }
        occurrences[opening].next = JSONScanner.skipSpace(bytes, index &+ 1)
        let closing = remember(
            Occurrence(
                role: .closing, slot: -1, start: place.previousEnd,
                value: JSONValue(kind: .object, start: index, end: end), previousEnd: place.previousEnd, next: end))
        return closing < 0 ? fail(name) : end
    }

    // MARK: Names

    /// What a name means at its level.
    private struct Wanted {
        var slot: Int32 = -1
        var level: Int32 = 0
        var isLifted = false
    }

    @inline(__always)
    private func find(
        _ bytes: Span<UInt8>, _ start: Int, _ length: Int, _ keys: borrowing KeySet, _ level: Int, _ depth: Int
    ) -> Wanted {
        var wanted = Wanted()
        if let entry = keys.entry(keys.find(bytes, start, length, level: level)) {
            wanted.slot = entry.slot
            wanted.level = entry.level
        }
        if depth == 1 && keys.isUnwrap(bytes, start, length) { wanted.isLifted = true }
        return wanted
    }

    private func findEscaped(
        _ bytes: Span<UInt8>, _ content: Range<Int>, _ keys: borrowing KeySet, _ level: Int, _ depth: Int
    ) -> Wanted {
        let name = JSONString.unescaped(bytes, content)
        return find(name.span, 0, name.count, keys, level, depth)
    }

    // MARK: What is remembered

    private mutating func reset(_ slots: Int) {
        if last.count < slots {
            last = Array(repeating: -1, count: slots)
        } else {
            for index in 0..<occurrenceCount where occurrences[index].slot >= 0 {
                last[Int(occurrences[index].slot)] = -1
            }
        }
        if occurrences.count > 1024 { occurrences = [] }
        occurrenceCount = 0
        seen = 0
        sawUnwrap = false
        problem = nil
        stopped = false
        openBrace = 0
        closeBrace = 0
        memberCount = 0
    }

    /// Keeps an occurrence and says where; -1 when there are too many.
    @inline(__always)
    private mutating func remember(_ occurrence: Occurrence) -> Int {
        let index = occurrenceCount
        if index < occurrences.count {
            occurrences[index] = occurrence
        } else {
            if index >= Envelope.mostOccurrences { return -1 }
            occurrences.append(occurrence)
        }
        occurrenceCount &+= 1
        let slot = Int(occurrence.slot)
        if slot >= 0 && slot < last.count {
            if last[slot] < 0 { seen &+= 1 }
            last[slot] = Int32(truncatingIfNeeded: index)
        }
        return index
    }

    /// A parent begins anew: what an earlier duplicate of it held counts no more.
    private mutating func forgetChildren(of level: Int32, _ keys: borrowing KeySet) {
        guard level > 0, Int(level) < keys.children.count else { return }
        for slot in keys.children[Int(level)] where last[Int(slot)] >= 0 {
            last[Int(slot)] = -1
            seen &-= 1
        }
    }

    // MARK: Ends

    /// The last byte that is no white space.
    private func lastByte(_ bytes: Span<UInt8>) -> Int {
        var index = bytes.count &- 1
        while index > 0 && JSONScanner.isSpace(bytes.byte(at: index)) { index &-= 1 }
        return index
    }

    private func notAnObject(_ bytes: Span<UInt8>, _ index: Int, _ nesting: Int) -> ScanResult {
        let isArray = bytes.byte(at: index) == UInt8(ascii: "[")
        let value =
            isArray
            ? JSONScanner.container(bytes, index, depth: 0, nesting: nesting) : JSONScanner.scalar(bytes, index)
        switch value.status {
        case .tooDeep: return .tooDeep(at: value.index)
        case .malformed: return .malformed(at: min(value.index, bytes.count))
        case .good: break
        }
        let end = JSONScanner.skipSpace(bytes, value.index)
        return end == bytes.count ? .notAnObject : .malformed(at: end)
    }

    private mutating func fail(_ index: Int) -> Int {
        problem = .malformed(at: index)
        return index
    }

    private mutating func fail(_ result: ScanResult) -> Int {
        problem = result
        return 0
    }

    /// A message that is refused has no values.
    private mutating func finish(_ result: ScanResult) -> ScanResult {
        for index in 0..<occurrenceCount where occurrences[index].slot >= 0 {
            last[Int(occurrences[index].slot)] = -1
        }
        occurrenceCount = 0
        return result
    }
}
