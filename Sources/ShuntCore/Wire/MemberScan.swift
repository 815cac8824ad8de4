/// A pass over the members of a message's object. Writes into the room that an `Envelope` lends it for the time
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
        var oddities = Envelope.Oddities()
    }

    /// The scan's place among the members of one object.
    struct Level {
        var previousEnd: Int
        /// The occurrence that still has to learn where the next member begins, or -1.
        var pending = -1
        var count = 0

        init(previousEnd: Int) { self.previousEnd = previousEnd }
    }

    var found = Found()
    private let occurrences: UnsafeMutableBufferPointer<Envelope.Occurrence>
    private let last: UnsafeMutableBufferPointer<Int32>
    let entries: UnsafeBufferPointer<KeySet.Entry>
    let rows: UnsafeBufferPointer<Int32>
    /// How many occurrences and slots there is room for.
    let room: Int
    private let slots: Int
    private let nesting: Int
    /// The number of slots with a value that ends the scan.
    let stop: Int
    /// Slots that have a value now.
    var seen = 0
    private var sawLifted = false
    /// What is expected of names of the top level.
    var trail: NameTrail
    /// Levels that were entered, one bit each; those beyond the 64th share a bit with another.
    private var entered: UInt64 = 0
    /// `KeySet.foldedLead` and `foldedLength`.
    let foldedLead: UInt8
    let foldedLength: Int

    /// Both buffers and the key set, whose tables are lent, must outlive the scan; `last` holds -1 everywhere.
    @unsafe
    init(
        _ occurrences: UnsafeMutableBufferPointer<Envelope.Occurrence>, _ last: UnsafeMutableBufferPointer<Int32>,
        _ keys: borrowing KeySet, nesting: Int, stop: Int, trail: NameTrail
    ) {
        foldedLead = keys.foldedLead
        foldedLength = keys.foldedLength
        unsafe entries = unsafe keys.entryTable
        unsafe rows = unsafe keys.rowTable
        unsafe self.occurrences = unsafe occurrences
        unsafe self.last = unsafe last
        room = occurrences.count
        slots = last.count
        self.nesting = nesting
        self.stop = stop
        self.trail = trail
    }

    /// The members of an object, from behind its opening brace to behind its closing one, or to the place where
    /// something is wrong. It calls itself for a lifted member and for parents of dotted paths only, so never deeper than the
    /// longest path.
    mutating func members(
        _ bytes: Span<UInt8>, _ start: Int, _ keys: borrowing KeySet, _ place: inout Level, level: Int, depth: Int
    ) -> Int {
        var index = JSONScanner.skipSpace(bytes, start)
        if bytes.byte(at: index) == UInt8(ascii: "}") { return index &+ 1 }
        let isFlat = level == 0 && depth == 1 && !keys.lifts
        while true {
            if isFlat, plainMembers(bytes, &index, &place) { return index }
            // The name.
            let name = index
            guard bytes.byte(at: name) == UInt8(ascii: "\"") else { return fail(index) }
            var entry = -1
            index = level == 0 ? trail.expected(bytes, name) : -1
            if index >= 0 {
                entry = trail.follow()
            } else {
                (index, entry) = readName(bytes, name, keys, level)
                if found.outcome != .whole { return index }
            }
            let nameEnd = index
            place.count &+= 1
            if place.pending >= 0 {
                setNext(of: place.pending, name)
                place.pending = -1
            }
            if seen >= stop && depth == 1 && place.count > 1 && (sawLifted || !keys.lifts) {
                found.outcome = .stopped
                return name
            }
            if bytes.byte(at: index) != UInt8(ascii: ":") {
                index = JSONScanner.skipSpace(bytes, index)
                guard bytes.byte(at: index) == UInt8(ascii: ":") else { return fail(index) }
            }
            index = JSONScanner.skipSpace(bytes, index &+ 1)

            // The value.
            if keys.lifts && depth == 1 && isLifted(bytes, name, nameEnd, keys) {
                sawLifted = true
                if bytes.byte(at: index) == UInt8(ascii: "{") {
                    index = lift(bytes, name, index, keys, &place, depth: depth)
                    if found.outcome != .whole { return index }
                    guard goOn(bytes, &index) else { return index }
                    continue
                }
            }
            let start = index
            let wanted = entry >= 0 ? unsafe (entries[entry].slot, entries[entry].level) : (-1, 0)
            if wanted.1 > 0 {
                index = parent(bytes, name, start, keys, &place, slot: wanted.0, below: wanted.1, level, depth)
                if found.outcome != .whole { return index }
            } else {
                var kind = JSONKind.string
                var escaped = false
                if bytes.byte(at: index) == UInt8(ascii: "\"") {
                    index = JSONScanner.endOfPlain(bytes, index &+ 1)
                    if bytes.byte(at: index) != UInt8(ascii: "\"") {
                        let end = JSONScanner.string(bytes, index)
                        guard end.good else { return fail(end.index) }
                        index = end.index
                        escaped = true
                        if wanted.0 >= 0 { found.oddities.insert(.unusual) }
                    } else {
                        index &+= 1
                    }
                } else {
                    let value = JSONScanner.notAString(bytes, index, depth: depth, nesting: nesting)
                    index = value.index
                    guard value.status == .good else { return fail(value) }
                    kind = value.kind
                    if wanted.0 >= 0, kind == .object || kind == .array { found.oddities.insert(.unusual) }
                }
                if wanted.0 >= 0 {
                    let record = remember(
                        level == 0 ? .member : .nested, wanted.0, name, place.previousEnd,
                        JSONValue(kind: kind, start: start, end: index, mayEscape: escaped))
                    if record < 0 { return name }
                    place.pending = record
                }
                place.previousEnd = index
            }
            guard goOn(bytes, &index) else { return index }
        }
    }

    /// The value of a member that is a parent of dotted paths: its members are looked at.
    @inline(never)
    private mutating func parent(
        _ bytes: Span<UInt8>, _ name: Int, _ start: Int, _ keys: borrowing KeySet, _ place: inout Level,
        slot: Int32, below: Int32, _ level: Int, _ depth: Int
    ) -> Int {
        var record = -1
        if slot >= 0 {
            // Before what is in it, because occurrences stand in the order of the message.
            record = remember(
                level == 0 ? .member : .nested, slot, name, place.previousEnd,
                JSONValue(kind: .object, start: start, end: start))
            if record < 0 { return name }
        }
        forgetChildren(of: below, keys)
        let bit = 1 as UInt64 &<< UInt64(truncatingIfNeeded: below)
        if entered & bit != 0 { found.oddities.insert(.repeatedParent) }
        entered |= bit
        if slot >= 0 { found.oddities.insert(.unusual) }
        var kind = JSONKind.object
        var escaped = false
        let end: Int
        if bytes.byte(at: start) == UInt8(ascii: "{") {
            if depth >= nesting { return fail(start, .tooDeep) }
            var inner = Level(previousEnd: start &+ 1)
            end = members(bytes, start &+ 1, keys, &inner, level: Int(below), depth: depth &+ 1)
            if found.outcome != .whole { return end }
        } else {
            let isArray = bytes.byte(at: start) == UInt8(ascii: "[")
            let value =
                isArray
                ? JSONScanner.container(bytes, start, depth: depth, nesting: nesting)
                : JSONScanner.scalar(bytes, start)
            guard value.status == .good else { return fail(value) }
            end = value.index
            kind = value.kind
            escaped = value.escaped
        }
        if record >= 0 {
            setValue(of: record, JSONValue(kind: kind, start: start, end: end, mayEscape: escaped))
            place.pending = record
        }
        place.previousEnd = end
        return end
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
    @inline(never)
    private mutating func lift(
        _ bytes: Span<UInt8>, _ name: Int, _ index: Int, _ keys: borrowing KeySet, _ place: inout Level, depth: Int
    ) -> Int {
        if depth >= nesting { return fail(index, .tooDeep) }
        let opening = remember(
            .opening, -1, name, place.previousEnd, JSONValue(kind: .object, start: index, end: index))
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
        let closing = remember(
            .closing, -1, place.previousEnd, place.previousEnd, JSONValue(kind: .object, start: index, end: end))
        if closing < 0 { return name }
        setNext(of: closing, end)
        return end
    }

    // MARK: What is remembered

    /// Writes an occurrence and says where; -1 when there is no room.
    @inline(__always)
    mutating func remember(
        _ role: Envelope.Occurrence.Role, _ slot: Int32, _ start: Int, _ previousEnd: Int, _ value: JSONValue
    ) -> Int {
        let index = found.count
        guard index < room else {
            found.outcome = .crowded
            return -1
        }
        unsafe occurrences[index] = Envelope.Occurrence(
            role: role, slot: slot, start: start, value: value, previousEnd: previousEnd, next: -1)
        found.count = index &+ 1
        if slot >= 0 && Int(slot) < slots {
            if unsafe last[Int(slot)] < 0 { seen &+= 1 } else { found.oddities.insert(.repeated) }
            unsafe last[Int(slot)] = Int32(truncatingIfNeeded: index)
        }
        return index
    }

    /// The three changes to an occurrence whose index `remember` has given.
    @inline(__always)
    func setNext(of index: Int, _ next: Int) { unsafe occurrences[index].next = next }
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
    mutating func fail(_ index: Int, _ outcome: Outcome = .malformed) -> Int {
        found.outcome = outcome
        return index
    }

    private mutating func fail(_ value: JSONScanner.ValueEnd) -> Int {
        fail(value.index, value.status == .tooDeep ? .tooDeep : .malformed)
    }
}
