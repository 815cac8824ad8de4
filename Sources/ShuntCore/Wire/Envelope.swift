/// The members of a message that a `KeySet` wants, and where they stand. Reused from
/// message to message; it holds places, never bytes.
///
/// All duplicates of a member are remembered, the last one counts. Names compare after unescaping.
@safe
package struct Envelope: ~Copyable {
    /// A wanted member where it stands, or a bracket of the object that is lifted to the top level.
    struct Occurrence: Sendable, Equatable {
        enum Role: UInt8, Sendable {
            /// A member of the top level.
            case member
            /// A member further down.
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

        static let nothing = Occurrence(
            role: .member, slot: -1, start: 0, value: JSONValue(kind: .null, start: 0, end: 0), previousEnd: 0, next: -1
        )
    }

    /// Properties of a message that call for a closer look.
    struct Oddities: OptionSet, Sendable {
        var rawValue: UInt8 = 0
        /// A wanted member stands there twice.
        static let repeated = Oddities(rawValue: 1)
        /// An object on the way to a wanted member stands there twice, or may do so.
        static let repeatedParent = Oddities(rawValue: 2)
        /// A name of the top level, or of an object on the way to a wanted member, holds U+0000 and is no other spelling of
        /// the folded one.
        static let nulInName = Oddities(rawValue: 4)
        /// A wanted value is a string with escapes, an array or an object.
        static let unusual = Oddities(rawValue: 8)
    }

    /// The most wanted members that a message may hold, duplicates counted; one with more is refused where they begin.
    package static let mostOccurrences = 65536
    /// How many there is room for between messages.
    private static let usualOccurrences = 32

    /// What it knows, apart from the envelope itself: that is one word, and lent to whoever asks it without a copy.
    @safe
    private struct Contents: ~Copyable {
        /// Room for occurrences; the first `occurrenceCount` are the message's.
        var room: UnsafeMutablePointer<Occurrence>
        var roomCount = Envelope.usualOccurrences
        var occurrenceCount = 0
        /// The last occurrence of each slot, or -1.
        var last: UnsafeMutablePointer<Int32>
        var slotCount = 0
        var closeBrace = 0
        var memberCount = 0
        var oddities = Oddities()
        /// What is remembered of the names of earlier messages; nil where each is read for itself.
        var memory: NameMemory?
    }

    private let contents: UnsafeMutablePointer<Contents>

    private var room: UnsafeMutablePointer<Occurrence> { unsafe contents.pointee.room }
    private var last: UnsafeMutablePointer<Int32> { unsafe contents.pointee.last }
    private var roomCount: Int { unsafe contents.pointee.roomCount }
    private(set) var occurrenceCount: Int {
        get { unsafe contents.pointee.occurrenceCount }
        set { unsafe contents.pointee.occurrenceCount = newValue }
    }
    /// How many slots there is room for.
    var slotCount: Int { unsafe contents.pointee.slotCount }
    /// The object's closing brace.
    private(set) var closeBrace: Int {
        get { unsafe contents.pointee.closeBrace }
        set { unsafe contents.pointee.closeBrace = newValue }
    }
    /// Members of the top level, lifted ones included; at least that many where the scan stopped early.
    private(set) var memberCount: Int {
        get { unsafe contents.pointee.memberCount }
        set { unsafe contents.pointee.memberCount = newValue }
    }
    /// Oddities of the part that was scanned.
    private(set) var oddities: Oddities {
        get { unsafe contents.pointee.oddities }
        set { unsafe contents.pointee.oddities = newValue }
    }

    /// - Parameter remembers: whether names of earlier messages are remembered, which makes scans of messages that look alike
    ///   faster and changes nothing else.
    package init(remembers: Bool = false) {
        unsafe contents = .allocate(capacity: 1)
        unsafe contents.initialize(
            to: Contents(
                room: Self.occurrenceRoom(Self.usualOccurrences), last: .allocate(capacity: 0),
                memory: remembers ? NameMemory() : nil))
    }

    deinit {
        unsafe contents.pointee.room.deallocate()
        unsafe contents.pointee.last.deallocate()
        unsafe contents.deinitialize(count: 1)
        unsafe contents.deallocate()
    }

    @inline(never)
    private static func occurrenceRoom(_ count: Int) -> UnsafeMutablePointer<Occurrence> {
        let room = UnsafeMutablePointer<Occurrence>.allocate(capacity: count)
        unsafe room.initialize(repeating: .nothing, count: count)
        return unsafe room
    }

    /// An occurrence by its place in the message's order; one of nothing where there are not so many.
    @inline(__always)
    subscript(_ index: Int) -> Occurrence {
        guard index >= 0, index < occurrenceCount else { return .nothing }
        return unsafe room[index]
    }

    /// Whether an occurrence is the one that counts.
    @inline(__always)
    func counts(_ index: Int) -> Bool {
        let slot = Int(self[index].slot)
        guard slot >= 0, slot < slotCount else { return false }
        return unsafe Int(last[slot]) == index
    }

    /// The value of a slot; nil where the member is absent.
    @inline(__always)
    package func value(_ slot: Int) -> JSONValue? {
        guard slot >= 0, slot < slotCount else { return nil }
        let index = unsafe Int(last[slot])
        guard index >= 0, index < occurrenceCount else { return nil }
        return unsafe room[index].value
    }

    /// Scans a message by RFC 8259, to its end.
    ///
    /// - Parameters:
    ///   - nesting: how deep arrays and objects may lie in each other; the outermost object is 1.
    ///   - early: stop when each key was seen once. What follows is not looked at, but for the closing brace at the end.
    package mutating func scan(
        _ bytes: Span<UInt8>, for keys: borrowing KeySet, nesting: Int, early: Bool
    ) -> ScanResult {
        forget(slots: keys.count)
        let start = JSONScanner.skipSpace(bytes, 0)
        guard bytes.byte(at: start) == UInt8(ascii: "{") else { return Envelope.notAnObject(bytes, start, nesting) }
        if nesting < 1 { return .tooDeep(at: start) }
        while true {
            var top = MemberScan.Level(previousEnd: start &+ 1)
            let stop = early ? keys.count : Int.max
            // The borrowed set owns its two tables and outlives the scan, as does what is lent of this envelope.
            var scan = unsafe MemberScan(
                UnsafeMutableBufferPointer(start: room, count: roomCount),
                UnsafeMutableBufferPointer(start: last, count: slotCount), keys, nesting: nesting, stop: stop,
                trail: NameTrail(contents.pointee.memory?.names(of: keys) ?? nil))
            // Messages that look like the one before are read to their end at once.
            var end = start &+ 1
            if keys.lifts || !scan.plainMembers(bytes, &end, &top) {
                end = scan.members(bytes, end, keys, &top, level: 0, depth: 1)
            }
            let found = scan.found
            occurrenceCount = found.count
            memberCount = top.count
            oddities = found.oddities
            switch found.outcome {
            case .whole:
                closeBrace = end &- 1
                end = JSONScanner.skipSpace(bytes, end)
                return end == bytes.count ? .object : refuse(.malformed(at: end))
            case .stopped:
                closeBrace = Envelope.lastByte(bytes)
                let isClosed = closeBrace > end && bytes.byte(at: closeBrace) == UInt8(ascii: "}")
                return isClosed ? .object : refuse(.malformed(at: closeBrace))
            case .malformed: return refuse(.malformed(at: min(end, bytes.count)))
            case .tooDeep: return refuse(.tooDeep(at: end))
            case .crowded:
                // More duplicates than there is room for: make room and scan again.
                if roomCount >= Envelope.mostOccurrences {
                    return refuse(.malformed(at: min(end, bytes.count)))
                }
                clearLast()
                makeRoom(min(roomCount * 8, Envelope.mostOccurrences))
            }
        }
    }

    // MARK: Beginnings and ends

    /// Forgets the last message.
    @inline(__always)
    private mutating func forget(slots: Int) {
        clearLast()
        if slotCount < slots { makeSlots(slots) }
        if roomCount > 1024 { makeRoom(Envelope.usualOccurrences) }
        closeBrace = 0
        memberCount = 0
        oddities = Oddities()
    }

    private mutating func makeSlots(_ count: Int) {
        unsafe last.deallocate()
        unsafe contents.pointee.last = .allocate(capacity: count)
        unsafe last.initialize(repeating: -1, count: count)
        unsafe contents.pointee.slotCount = count
    }

    @inline(never)
    private mutating func makeRoom(_ count: Int) {
        unsafe room.deallocate()
        unsafe contents.pointee.room = Self.occurrenceRoom(count)
        unsafe contents.pointee.roomCount = count
    }

    /// A message that is refused has no values.
    private mutating func refuse(_ result: ScanResult) -> ScanResult {
        clearLast()
        return result
    }

    private mutating func clearLast() {
        for index in 0..<occurrenceCount {
            let slot = unsafe Int(room[index].slot)
            if slot >= 0 && slot < slotCount { unsafe last[slot] = -1 }
        }
        occurrenceCount = 0
    }

    /// The last byte that is no white space.
    private static func lastByte(_ bytes: Span<UInt8>) -> Int {
        var index = bytes.count &- 1
        while index > 0 && JSONScanner.isSpace(bytes.byte(at: index)) { index &-= 1 }
        return index
    }

    private static func notAnObject(_ bytes: Span<UInt8>, _ index: Int, _ nesting: Int) -> ScanResult {
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
}
