/// One pass over the members of a message's object. It writes into the room that an `Envelope` lends it for the time
/// of the scan, and lives no longer.
@safe
struct MemberScan {
    /// How a scan ended.
    enum Outcome: UInt8 {
        /// Behind the closing brace.
        case whole
        /// All keys were seen, at the name of the next member.
        case stopped
        case malformed, tooDeep
        /// There was no room for another occurrence.
        case crowded
    }

    /// How far the scan came.
    struct Found {
        /// Occurrences that were written.
        var count = 0
        var outcome = Outcome.whole
    }

    /// Where the scan stands among the members of one object.
    struct Level {
        var previousEnd: Int
        /// The occurrence that still has to learn where the next member begins, or -1.
        var pending = -1
        var count = 0

        init(previousEnd: Int) { self.previousEnd = previousEnd }
    }

    private(set) var found = Found()
    private let occurrences: UnsafeMutableBufferPointer<Envelope.Occurrence>
    private let last: UnsafeMutableBufferPointer<Int32>
    /// How many occurrences and slots there is room for.
    private let room: Int
    private let slots: Int
    private let nesting: Int
    /// As many slots with a value end the scan.
    private let stop: Int
    /// Slots that have a value now.
    private var seen = 0
    private var sawLifted = false

    /// Both buffers must outlive the scan; `last` holds -1 everywhere.
    @unsafe
    init(
        _ occurrences: UnsafeMutableBufferPointer<Envelope.Occurrence>, _ last: UnsafeMutableBufferPointer<Int32>,
        nesting: Int, stop: Int
    ) {
        unsafe self.occurrences = unsafe occurrences
        unsafe self.last = unsafe last
        room = occurrences.count
        slots = last.count
        self.nesting = nesting
        self.stop = stop
    }

    /// The members of an object, from behind its opening brace to behind its closing one, or to the place where
    /// something is wrong. It calls itself for a lifted member and for a parent of dotted paths only, so at most twice.
    mutating func members(
        _ bytes: Span<UInt8>, _ start: Int, _ keys: borrowing KeySet, _ place: inout Level, level: Int, depth: Int
    ) -> Int {
        var index = JSONScanner.skipSpace(bytes, start)
        if bytes.byte(at: index) == UInt8(ascii: "}") { return index &+ 1 }
        while true {
            let name = index
            guard bytes.byte(at: name) == UInt8(ascii: "\"") else { return fail(index) }
            let nameEnd = JSONScanner.string(bytes, name &+ 1)
            guard nameEnd.good else { return fail(nameEnd.index) }
            place.count &+= 1
            if place.pending >= 0 {
                setNext(of: place.pending, name)
                place.pending = -1
            }
            if seen >= stop && depth == 1 && place.count > 1 && (sawLifted || !keys.lifts) {
                found.outcome = .stopped
                return index
            }
            index = nameEnd.index
            if bytes.byte(at: index) != UInt8(ascii: ":") {
                index = JSONScanner.skipSpace(bytes, index)
                guard bytes.byte(at: index) == UInt8(ascii: ":") else { return fail(index) }
            }
            index = JSONScanner.skipSpace(bytes, index &+ 1)

            let wanted =
                nameEnd.escaped
                ? findEscaped(bytes, name &+ 1..<nameEnd.index &- 1, keys, level, depth)
                : find(bytes, name &+ 1, nameEnd.index &- name &- 2, keys, level, depth)
            let first = bytes.byte(at: index)
            if wanted.isLifted {
                sawLifted = true
                if first == UInt8(ascii: "{") {
                    index = lift(bytes, name, index, keys, &place, depth: depth)
                    if found.outcome != .whole { return index }
                    guard goOn(bytes, &index) else { return index }
                    continue
                }
            }
            var record = -1
            if wanted.slot >= 0 {
                record = remember(level == 0 ? .member : .nested, wanted.slot, name, place.previousEnd)
                if record < 0 { return name }
            }
            let valueStart = index
            var kind = JSONKind.string
            var escaped = false
            if first == UInt8(ascii: "\"") {
                let end = JSONScanner.string(bytes, index &+ 1)
                guard end.good else { return fail(end.index) }
                if wanted.level > 0 { forgetChildren(of: wanted.level, keys) }
                index = end.index
                escaped = end.escaped
            } else {
                if wanted.level > 0 { forgetChildren(of: wanted.level, keys) }
                if wanted.level > 0 && first == UInt8(ascii: "{") {
                    if depth >= nesting { return fail(index, .tooDeep) }
                    var inner = Level(previousEnd: index &+ 1)
                    index = members(bytes, index &+ 1, keys, &inner, level: Int(wanted.level), depth: depth &+ 1)
                    if found.outcome != .whole { return index }
                    kind = .object
                } else {
                    let isContainer = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
                    let value =
                        isContainer
                        ? JSONScanner.container(bytes, index, depth: depth, nesting: nesting)
                        : JSONScanner.scalar(bytes, index)
                    index = value.index
                    guard value.status == .good else {
                        return fail(index, value.status == .tooDeep ? .tooDeep : .malformed)
                    }
                    kind = value.kind
                }
            }
            if record >= 0 {
                setValue(of: record, JSONValue(kind: kind, start: valueStart, end: index, mayEscape: escaped))
                place.pending = record
            }
            place.previousEnd = index
            guard goOn(bytes, &index) else { return index }
        }
    }

    /// Behind a member: on to the next one's name, or false behind the closing brace or where neither stands.
    @inline(__always)
    private mutating func goOn(_ bytes: Span<UInt8>, _ index: inout Int) -> Bool {
        var byte = bytes.byte(at: index)
        if byte <= 0x20 {
            index = JSONScanner.skipSpace(bytes, index)
            byte = bytes.byte(at: index)
        }
        if byte == UInt8(ascii: ",") {
            index = JSONScanner.skipSpace(bytes, index &+ 1)
            return true
        }
        if byte == UInt8(ascii: "}") {
            index &+= 1
        } else {
            found.outcome = .malformed
        }
        return false
    }

    /// The object at `index` is a wrapper: its members are members of the top level.
    private mutating func lift(
        _ bytes: Span<UInt8>, _ name: Int, _ index: Int, _ keys: borrowing KeySet, _ place: inout Level, depth: Int
    ) -> Int {
        if depth >= nesting { return fail(index, .tooDeep) }
        let opening = remember(.opening, -1, name, place.previousEnd)
        if opening < 0 { return name }
        // The member itself is none any more.
        place.count &-= 1
        let before = place.count
        let end = members(bytes, index &+ 1, keys, &place, level: 0, depth: depth &+ 1)
        if found.outcome != .whole { return end }
        setValue(of: opening, JSONValue(kind: .object, start: index, end: end))
        if place.count == before {
            place.count &+= 1
            setRole(of: opening, .hollow)
            place.previousEnd = end
            place.pending = opening
            return end
        }
        setNext(of: opening, JSONScanner.skipSpace(bytes, index &+ 1))
        let closing = remember(.closing, -1, place.previousEnd, place.previousEnd)
        if closing < 0 { return name }
        setNext(of: closing, end)
        return end
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
        if let entry = keys.find(bytes, start, length, level: level) {
            wanted.slot = entry.slot
            wanted.level = entry.level
        }
        if keys.lifts && depth == 1 && keys.isUnwrap(bytes, start, length) { wanted.isLifted = true }
        return wanted
    }

    @inline(never)
    private func findEscaped(
        _ bytes: Span<UInt8>, _ content: Range<Int>, _ keys: borrowing KeySet, _ level: Int, _ depth: Int
    ) -> Wanted {
        let name = JSONString.unescaped(bytes, content)
        return find(name.span, 0, name.count, keys, level, depth)
    }

    // MARK: What is remembered

    /// Writes an occurrence and says where; -1 when there is no room.
    @inline(__always)
    private mutating func remember(
        _ role: Envelope.Occurrence.Role, _ slot: Int32, _ start: Int, _ previousEnd: Int
    ) -> Int {
        let index = found.count
        guard index < room else {
            found.outcome = .crowded
            return -1
        }
        unsafe occurrences[index] = Envelope.Occurrence(
            role: role, slot: slot, start: start, value: JSONValue(kind: .null, start: start, end: start),
            previousEnd: previousEnd, next: -1)
        found.count = index &+ 1
        if slot >= 0 && Int(slot) < slots {
            if unsafe last[Int(slot)] < 0 { seen &+= 1 }
            unsafe last[Int(slot)] = Int32(truncatingIfNeeded: index)
        }
        return index
    }

    /// The three changes to an occurrence whose index `remember` has given.
    @inline(__always)
    private func setNext(of index: Int, _ next: Int) { unsafe occurrences[index].next = next }
    @inline(__always)
    private func setValue(of index: Int, _ value: JSONValue) { unsafe occurrences[index].value = value }
    private func setRole(of index: Int, _ role: Envelope.Occurrence.Role) { unsafe occurrences[index].role = role }

    /// A parent begins anew: what an earlier duplicate of it held counts no more.
    private mutating func forgetChildren(of level: Int32, _ keys: borrowing KeySet) {
        guard level > 0, Int(level) < keys.children.count else { return }
        for slot in keys.children[Int(level)] where Int(slot) < slots {
            if unsafe last[Int(slot)] >= 0 {
                unsafe last[Int(slot)] = -1
                seen &-= 1
            }
        }
    }

    @inline(__always)
    private mutating func fail(_ index: Int, _ outcome: Outcome = .malformed) -> Int {
        found.outcome = outcome
        return index
    }
}
