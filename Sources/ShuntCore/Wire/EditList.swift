/// Where the bytes of a value are that a `Reshaper` holds.
struct ReshapedValue: Sendable {
    enum Origin: UInt8, Sendable {
        case absent
        case message
        /// The reshaper's own text.
        case text
    }

    /// Values of the message with more bytes than this move as a piece, smaller ones are copied.
    static let largestCopied = 64
    static let absent = ReshapedValue(.absent, JSONValue(kind: .null, start: 0, end: 0, mayEscape: false))

    var origin: Origin
    var value: JSONValue

    init(_ origin: Origin, _ value: JSONValue) {
        self.origin = origin
        self.value = value
    }

    /// How many bytes of it will be copied into a literal.
    @inline(__always)
    var copied: Int {
        let count = value.end &- value.start
        return origin == .message && count > ReshapedValue.largestCopied ? 0 : count
    }
}

/// Ranges of a message that go, in their order, each with the slot whose value comes in its place. The storage is
/// reused.
struct EditList: Sendable {
    struct Edit: Sendable {
        var start: Int
        var end: Int
        /// -1 when nothing comes in its place; at most `firstOpening` for the brace of an object that gets members.
        var slot: Int
    }

    /// Members of one object that go and stand side by side.
    struct Run {
        var start = -1
        var end = -1
    }

    private var storage: [Edit] = []
    private(set) var count = 0
    /// Bytes of the values that come in place of others.
    var literalBytes = 0

    var isEmpty: Bool { count == 0 }

    @inline(__always)
    subscript(_ index: Int) -> Edit { storage[index] }

    mutating func removeAll() {
        if storage.count > 1024 { storage = [] }
        count = 0
        literalBytes = 0
    }

    @inline(__always)
    mutating func append(start: Int, end: Int, slot: Int = -1) {
        let edit = Edit(start: start, end: end, slot: slot)
        if count < storage.count { storage[count] = edit } else { storage.append(edit) }
        count &+= 1
    }

    /// A member goes with the comma behind it. At the end of an object there is none: then the whole run of members
    /// that go is cut from the end of the last one that stays.
    @inline(__always)
    mutating func cut(_ occurrence: Envelope.Occurrence, _ run: inout Run) {
        if run.end != occurrence.previousEnd { run.start = occurrence.previousEnd }
        run.end = occurrence.value.end
        if occurrence.next >= 0 {
            append(start: occurrence.start, end: occurrence.next)
            return
        }
        while count > 0 && storage[count &- 1].start >= run.start { count &-= 1 }
        if count > 0, storage[count &- 1].end == run.start, storage[count &- 1].slot <= EditList.firstOpening {
            // The object keeps nothing but what it gets.
            let (opening, _) = EditList.opening(storage[count &- 1].slot)
            storage[count &- 1].slot = EditList.slot(opening, hasMore: false)
        }
        append(start: run.start, end: run.end)
    }

    // MARK: Objects that get members

    static let firstOpening = -2

    /// The brace at `start` is followed by what is added there.
    ///
    /// - Parameter hasMore: something of the object's own comes behind it.
    mutating func open(_ start: Int, _ opening: Int, hasMore: Bool) {
        append(start: start, end: start &+ 1, slot: EditList.slot(opening, hasMore: hasMore))
        literalBytes &+= 1
    }

    /// Index of an opening, and whether something comes behind it.
    static func opening(_ slot: Int) -> (Int, hasMore: Bool) { ((firstOpening &- slot) / 2, (slot & 1) == 0) }

    private static func slot(_ opening: Int, hasMore: Bool) -> Int {
        firstOpening &- opening &* 2 &- (hasMore ? 0 : 1)
    }
}
