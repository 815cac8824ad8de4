/// Names of earlier messages' members, and which one followed which. Messages mostly look like the one before: a member whose
/// name is the one expected needs no look-up among the keys.
///
/// All that is saved is the look-up: a name is compared with the expected one byte for byte, quotes and colon included, and
/// what stands behind it is read as ever. A message is told apart in the same way with a memory and without.
///
/// Memories are of one key set each: others give a name another entry. There are a few; messages of further key sets are read
/// without, but for one now and then, which takes the place of another.
@safe
struct NameMemory: ~Copyable {
    /// A name as it is expected: from its opening quote to the colon behind its closing one.
    @safe
    struct Name {
        /// Its bytes, the first one lowest; of a shorter one the rest is 0.
        var words: (UInt64, UInt64, UInt64, UInt64)
        /// Which of their bits count.
        var masks: (UInt64, UInt64, UInt64, UInt64)
        var length: Int
        /// The key set's entry, or -1.
        var entry: Int
        /// Its slot; -1 where nobody wants the member, -2 where something below it is wanted.
        var slot: Int32
        /// The name that followed it last, in the same memory.
        var next: UnsafeMutablePointer<Name>

        /// The bytes of no name.
        static func nothing(_ next: UnsafeMutablePointer<Name>) -> Name {
            unsafe Name(words: (0, 0, 0, 0), masks: (.max, 0, 0, 0), length: 0, entry: -1, slot: -1, next: next)
        }
    }

    /// The longest name that is remembered, its quotes and colon included.
    static let longest = 32
    /// Names of one key set, each at the place that its bytes say; one more stands for the beginning of a message.
    static let names = 32
    static let beginning = names
    private static let memories = 8
    /// One in so many scans without a memory takes one over.
    private static let patience = 64

    /// The owners: held, so that none is taken for another one that came to lie in its place.
    private var keys: [KeySet] = []
    private let identities: UnsafeMutablePointer<ObjectIdentifier?>
    private let room: UnsafeMutablePointer<Name>
    private var strangers = 0

    init() {
        unsafe identities = .allocate(capacity: Self.memories)
        unsafe identities.initialize(repeating: nil, count: Self.memories)
        let count = Self.memories * (Self.names + 1)
        unsafe room = .allocate(capacity: count)
        unsafe room.initialize(repeating: .nothing(room), count: count)
    }

    deinit {
        unsafe identities.deallocate()
        unsafe room.deallocate()
    }

    /// The names that are remembered of a key set: `names`, and the beginning. nil for none.
    @inline(__always)
    mutating func names(of keys: borrowing KeySet) -> UnsafeMutablePointer<Name>? {
        let identity = ObjectIdentifier(copy keys)
        if unsafe identities[0] == identity { return unsafe room }
        if unsafe identities[1] == identity { return unsafe room + (Self.names + 1) }
        return unsafe others(identity, keys)
    }

    @inline(never)
    private mutating func others(_ identity: ObjectIdentifier, _ keys: borrowing KeySet) -> UnsafeMutablePointer<Name>?
    {
        for place in 2..<Self.memories where unsafe identities[place] == identity {
            return unsafe room + place * (Self.names + 1)
        }
        strangers &+= 1
        guard self.keys.count < Self.memories || strangers % Self.patience == 0 else { return nil }
        let place = self.keys.count < Self.memories ? self.keys.count : strangers / Self.patience % Self.memories
        if place < self.keys.count { self.keys[place] = copy keys } else { self.keys.append(copy keys) }
        unsafe identities[place] = identity
        let names = unsafe room + place * (Self.names + 1)
        unsafe names.update(repeating: .nothing(names), count: Self.names + 1)
        return unsafe names
    }
}

/// A walk through one memory, along a message.
@safe
struct NameTrail {
    private let names: UnsafeMutablePointer<NameMemory.Name>?
    /// The name that came last, and the one that followed it last time.
    private var last: UnsafeMutablePointer<NameMemory.Name>?
    private var next: UnsafeMutablePointer<NameMemory.Name>?

    /// The memory must outlive the walk.
    @unsafe
    init(_ names: UnsafeMutablePointer<NameMemory.Name>?) {
        unsafe self.names = unsafe names
        unsafe last = names.map { unsafe $0 + NameMemory.beginning }
        unsafe next = last?.pointee.next
    }

    /// Whether the name that is expected stands from `start`; if so the place of its colon, else -1.
    @inline(__always)
    mutating func expected(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        guard let name = unsafe next, start &+ 16 <= bytes.count else { return -1 }
        let first = unsafe (bytes.eight(at: start) ^ name.pointee.words.0) & name.pointee.masks.0
        let second = unsafe (bytes.eight(at: start &+ 8) ^ name.pointee.words.1) & name.pointee.masks.1
        if first | second != 0 { return -1 }
        let length = unsafe name.pointee.length
        if length > 16 {
            guard start &+ 32 <= bytes.count else { return -1 }
            let third = unsafe (bytes.eight(at: start &+ 16) ^ name.pointee.words.2) & name.pointee.masks.2
            let fourth = unsafe (bytes.eight(at: start &+ 24) ^ name.pointee.words.3) & name.pointee.masks.3
            if third | fourth != 0 { return -1 }
        }
        return start &+ length &- 1
    }

    /// The slot of the name that is expected, as `NameMemory.Name` has it.
    @inline(__always)
    var expectedSlot: Int32 {
        mutating get {
            guard let name = unsafe next else { return -2 }
            return unsafe name.pointee.slot
        }
    }

    /// The name that is expected came.
    ///
    /// - Returns: its entry.
    @inline(__always) @discardableResult
    mutating func follow() -> Int {
        guard let name = unsafe next else { return -1 }
        unsafe last = name
        unsafe next = name.pointee.next
        return unsafe name.pointee.entry
    }

    /// Remembers a name: it has no escapes, stands from `start`, and `end` is behind its colon.
    @inline(never)
    mutating func learn(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, entry: Int, slot: Int32) {
        let length = end &- start
        guard let names = unsafe names, length > 0, length <= NameMemory.longest else { return }
        func word(_ offset: Int) -> UInt64 { bytes.upToEight(at: start &+ offset, length: length &- offset) }
        func mask(_ offset: Int) -> UInt64 {
            let known = max(0, min(8, length &- offset))
            return known == 0 ? 0 : UInt64.max &>> UInt64(truncatingIfNeeded: 64 &- known &* 8)
        }
        let words = (word(0), word(8), word(16), word(24))
        let hash = (words.0 ^ words.1 &* 31 ^ words.2 &* 17 ^ words.3) &* 0x9E37_79B9_7F4A_7C15
        let there = unsafe names + Int(truncatingIfNeeded: hash &>> 59)
        let isKnown = unsafe there.pointee.length == length && there.pointee.words == words
        if !isKnown {
            unsafe there.pointee = NameMemory.Name(
                words: words, masks: (mask(0), mask(8), mask(16), mask(24)), length: length, entry: entry, slot: slot,
                next: names)
        }
        unsafe last?.pointee.next = there
        unsafe last = there
        unsafe next = there.pointee.next
    }
}
