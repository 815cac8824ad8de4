/// The members that somebody wants to see: names at the top level, or one level down by a dotted path (`a.b`). Each has
/// a slot. Names are found by their length, then by their first sixteen bytes; nothing is hashed.
@safe
package final class KeySet: Sendable {
    /// A name at one level.
    struct Entry: Sendable {
        /// The first sixteen bytes, filled up with 0.
        var first: SIMD16<UInt8>
        /// The first eight of them, the first one lowest: what a row is sorted by.
        var prefix: UInt64
        var length: Int
        /// The bytes behind the first sixteen: an offset in `tails`.
        var tail: Int
        /// The slot, or -1 where only members below it are wanted.
        var slot: Int32
        /// The level of the members below it, or 0.
        var level: Int32
    }

    /// Lengths that have a row of their own; longer names share the last one.
    static let longest = 40
    /// Rows of this many entries are searched by halves.
    static let longRow = 8

    /// Entries by level and length, sorted by prefix in a row.
    let entries: [Entry]
    /// Where the row of a level and length begins: `level * (longest + 1) + min(length, longest)`, and an end.
    let rows: [Int32]
    /// The same two where they can be read without counting references: they are asked for each name of each message.
    nonisolated(unsafe) let entryTable: UnsafeBufferPointer<Entry>
    nonisolated(unsafe) let rowTable: UnsafeBufferPointer<Int32>
    /// What longer names have behind their sixteenth byte.
    private let tails: [UInt8]
    private let paths: [String]
    private let slots: [String: Int]
    /// Comma, quoted name and colon of each slot, one behind the other; a slot's is `labelStarts[s]..<[s + 1]`.
    let labels: [UInt8]
    private let labelStarts: [Int]
    /// The name whose object is lifted to the top level.
    package let unwrap: String?
    let unwrapName: [UInt8]
    let lifts: Bool
    /// The slots of members under each level, level 0 being left empty.
    let children: [[Int32]]
    /// Slots of top-level members by slot; false for those of a dotted path.
    private let isTopSlot: [Bool]

    /// - Parameters:
    ///   - paths: in the order of their slots; a path that is there twice has one slot. The first dot divides a path.
    ///   - unwrap: when this top-level member is an object, its members count as members of the top level. A dotted
    ///     path then describes the message as it is without that wrapper.
    package init(_ paths: [String], unwrap: String? = nil) {
        var slots: [String: Int] = [:]
        var unique: [String] = []
        var names: [[String: (slot: Int32, level: Int32)]] = [[:]]
        var parents: [String: Int32] = [:]
        var children: [[Int32]] = [[]]
        var isTop: [Bool] = []
        for path in paths where slots[path] == nil {
            let slot = Int32(truncatingIfNeeded: unique.count)
            slots[path] = unique.count
            unique.append(path)
            guard let dot = path.firstIndex(of: ".") else {
                names[0][path, default: (-1, 0)].slot = slot
                isTop.append(true)
                continue
            }
            isTop.append(false)
            let parent = String(path[..<dot])
            let level = parents[parent] ?? Int32(truncatingIfNeeded: names.count)
            if parents[parent] == nil {
                parents[parent] = level
                names.append([:])
                children.append([])
                names[0][parent, default: (-1, 0)].level = level
            }
            names[Int(level)][String(path[path.index(after: dot)...]), default: (-1, 0)].slot = slot
            children[Int(level)].append(slot)
        }
        var entries: [Entry] = []
        var rows: [Int32] = []
        var tails: [UInt8] = []
        for level in names {
            let made = level.map { name, place in
                let bytes = Array(name.utf8)
                defer { tails.append(contentsOf: bytes.dropFirst(16)) }
                return Entry(
                    first: bytes.span.upToSixteen(at: 0, length: bytes.count),
                    prefix: bytes.span.upToEight(at: 0, length: bytes.count), length: bytes.count,
                    tail: tails.count, slot: place.slot, level: place.level)
            }
            for length in 0...KeySet.longest {
                rows.append(Int32(truncatingIfNeeded: entries.count))
                entries += made.filter { min($0.length, KeySet.longest) == length }.sorted { $0.prefix < $1.prefix }
            }
        }
        rows.append(Int32(truncatingIfNeeded: entries.count))
        var labels: [UInt8] = []
        var labelStarts: [Int] = []
        for path in unique {
            labelStarts.append(labels.count)
            labels.append(UInt8(ascii: ","))
            JSONString.appendQuoted(Array(path.utf8), to: &labels)
            labels.append(UInt8(ascii: ":"))
        }
        labelStarts.append(labels.count)
        self.entries = entries
        self.rows = rows
        unsafe entryTable = Self.table(entries)
        unsafe rowTable = Self.table(rows)
        self.tails = tails
        self.paths = unique
        self.slots = slots
        self.labels = labels
        self.labelStarts = labelStarts
        self.unwrap = unwrap
        self.unwrapName = Array((unwrap ?? "").utf8)
        self.lifts = unwrap != nil
        self.children = children
        self.isTopSlot = isTop
    }

    deinit {
        unsafe entryTable.deallocate()
        unsafe rowTable.deallocate()
    }

    /// A copy that stays where it is until it is deallocated.
    private static func table<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeBufferPointer<Element> {
        let table = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
        _ = unsafe table.initialize(from: elements)
        return UnsafeBufferPointer(table)
    }

    /// How many slots there are.
    package var count: Int { paths.count }

    /// The slot of a path; nil when it is not in the set.
    package func slot(_ path: String) -> Int? { slots[path] }

    /// The path of a slot; nil when there is no such slot.
    package func path(_ slot: Int) -> String? { paths.indices.contains(slot) ? paths[slot] : nil }

    /// Whether a slot is one of the top level.
    @inline(__always)
    func isTop(_ slot: Int) -> Bool { slot >= 0 && slot < isTopSlot.count && isTopSlot[slot] }

    /// Where a slot's comma, quoted name and colon are in `labels`.
    @inline(__always)
    func label(_ slot: Int) -> Range<Int> {
        slot >= 0 && slot < paths.count ? labelStarts[slot]..<labelStarts[slot &+ 1] : 0..<0
    }

    /// Whether an entry is the name of `length` bytes from `start`, beyond the sixteen bytes that are known to be.
    func hasTail(_ entry: Int, _ bytes: Span<UInt8>, _ start: Int, _ length: Int) -> Bool {
        guard entry >= 0, entry < entries.count else { return false }
        let tails = self.tails
        return bytes.hasEqual(length &- 16, at: start &+ 16, to: tails.span, at: entries[entry].tail)
    }

    /// The place of a name in a long row of entries, or -1: by halves to the first one with its prefix.
    func find(_ bytes: Span<UInt8>, _ start: Int, _ length: Int, from: Int, to end: Int) -> Int {
        let prefix = bytes.upToEight(at: start, length: length)
        let first = bytes.upToSixteen(at: start, length: length)
        var low = from
        var high = end
        while low < high {
            let middle = low &+ (high &- low) / 2
            if entries[middle].prefix < prefix { low = middle &+ 1 } else { high = middle }
        }
        while low < end && entries[low].prefix == prefix {
            if entries[low].length == length && areEqual(entries[low].first, first)
                && (length <= 16 || hasTail(low, bytes, start, length))
            {
                return low
            }
            low &+= 1
        }
        return -1
    }
}
