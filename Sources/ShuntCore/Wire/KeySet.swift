/// Paths as a tree: what a `KeySet` is made from.
private struct KeyTree {
    /// The slot, or -1, and the level of the members below, or 0; by level and name.
    private(set) var levels: [[String: (slot: Int32, level: Int32)]] = [[:]]
    /// Paths by slot.
    private(set) var paths: [String] = []
    private(set) var isTop: [Bool] = []
    private(set) var slots: [String: Int] = [:]
    /// The slots of all members at and below a level, by level.
    private(set) var descendants: [[Int32]] = [[]]

    init(_ paths: [String]) {
        for path in paths where slots[path] == nil {
            let slot = Int32(truncatingIfNeeded: self.paths.count)
            slots[path] = self.paths.count
            self.paths.append(path)
            let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            isTop.append(names.count == 1)
            var level = 0
            for name in names.dropLast() {
                level = enter(name, of: level)
                descendants[level].append(slot)
            }
            levels[level][names.last ?? path, default: (-1, 0)].slot = slot
        }
    }

    /// The level below a name.
    private mutating func enter(_ name: String, of level: Int) -> Int {
        if let found = levels[level][name]?.level, found > 0 { return Int(found) }
        levels[level][name, default: (-1, 0)].level = Int32(truncatingIfNeeded: levels.count)
        levels.append([:])
        descendants.append([])
        return levels.count - 1
    }
}

/// The members that somebody wants to see: names at the top level, or further down by a dotted path (`a.b.c`). Each has
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
    /// The beginning of the row of a level and length: `level * (longest + 1) + min(length, longest)`, and an end.
    let rows: [Int32]
    /// The same where they can be read without counting references: they are asked for each name of each message.
    nonisolated(unsafe) let entryTable: UnsafeBufferPointer<Entry>
    nonisolated(unsafe) let rowTable: UnsafeBufferPointer<Int32>
    /// `labels`, likewise.
    nonisolated(unsafe) let labelTable: UnsafeBufferPointer<UInt8>
    /// The bytes of longer names behind their sixteenth.
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
    /// The slots of all members at and below each level, level 0 being left empty.
    let children: [[Int32]]
    /// Slots of top-level members by slot; false for those of a dotted path.
    private let isTopSlot: [Bool]
    /// The entry of the top-level member whose name other spellings are taken for, too; -1 for none.
    let foldedEntry: Int
    /// The first byte of the folded name, in lower case; 0xFF for none.
    let foldedLead: UInt8
    /// How many bytes each of its spellings has at least; more than any name has where nothing is folded.
    let foldedLength: Int
    /// The folded name in lower case.
    private let foldedName: [UInt8]

    /// - Parameters:
    ///   - paths: in the order of their slots; a path that is there twice has one slot. Each dot divides a path.
    ///   - unwrap: when this top-level member is an object, its members count as members of the top level. A dotted
    ///     path then describes the message as it is without that wrapper.
    ///   - folding: the one of these top-level members, in ASCII, that some parsers also see under other names: in other
    ///     case, or with U+0000 behind it. These names are taken for its own.
    package init(_ paths: [String], unwrap: String? = nil, folding: String? = nil) {
        let tree = KeyTree(paths)
        var entries: [Entry] = []
        var rows: [Int32] = []
        var tails: [UInt8] = []
        for level in tree.levels {
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
        for path in tree.paths {
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
        unsafe labelTable = Self.table(labels)
        self.tails = tails
        self.paths = tree.paths
        self.slots = tree.slots
        self.labels = labels
        self.labelStarts = labelStarts
        self.unwrap = unwrap
        self.unwrapName = Array((unwrap ?? "").utf8)
        self.lifts = unwrap != nil
        self.children = tree.descendants
        self.isTopSlot = tree.isTop
        let foldedSlot = folding.flatMap { tree.slots[$0] } ?? -1
        foldedEntry = entries[..<Int(rows[KeySet.longest + 1])].firstIndex { Int($0.slot) == foldedSlot } ?? -1
        foldedName = foldedEntry < 0 ? [] : Array((folding ?? "").lowercased().utf8)
        foldedLead = foldedName.first ?? 0xFF
        foldedLength = foldedName.isEmpty ? .max : foldedName.count
    }

    deinit {
        unsafe entryTable.deallocate()
        unsafe rowTable.deallocate()
        unsafe labelTable.deallocate()
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

    /// The place of a slot's comma, quoted name and colon in `labels`.
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

    /// Whether some parsers take a name for the folded one: its case does not count, and nothing from a U+0000 on, where
    /// text ends in C. The case of a letter is that of Unicode, not only that of ASCII: `ſ` is an `s`, `K` (U+212A) a `k`,
    /// `ı` and `İ` an `i`, `ß` and `ẞ` are `ss`.
    @inline(never)
    func isFolded(_ bytes: Span<UInt8>, _ start: Int, _ length: Int) -> Bool {
        guard foldedEntry >= 0 else { return false }
        var index = start
        var matched = 0
        while index < start &+ length {
            let byte = bytes.byte(at: index)
            if byte == 0 { break }
            let (letter, count, width) = KeySet.folded(byte, bytes.byte(at: index &+ 1), bytes.byte(at: index &+ 2))
            for _ in 0..<count {
                guard matched < foldedName.count, foldedName[matched] == letter else { return false }
                matched &+= 1
            }
            if count == 0 { return false }
            index &+= width
        }
        return matched == foldedName.count
    }

    /// The letter that a character of up to three bytes is another case of, how many of that letter, and the bytes of the
    /// character. No letter where it is none of those that fold to ASCII.
    private static func folded(_ byte: UInt8, _ second: UInt8, _ third: UInt8) -> (UInt8, count: Int, width: Int) {
        switch (byte, second, third) {
        case (..<0x80, _, _): (byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte, 1, 1)
        case (0xC5, 0xBF, _): (UInt8(ascii: "s"), 1, 2)
        case (0xC4, 0xB0...0xB1, _): (UInt8(ascii: "i"), 1, 2)
        case (0xC3, 0x9F, _): (UInt8(ascii: "s"), 2, 2)
        case (0xE1, 0xBA, 0x9E): (UInt8(ascii: "s"), 2, 3)
        case (0xE2, 0x84, 0xAA): (UInt8(ascii: "k"), 1, 3)
        default: (0, 0, 0)
        }
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
