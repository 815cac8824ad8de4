/// Names found among the keys, or known from the message before.
extension MemberScan {
    /// Reads members as long as each is the expected one and its value a string without escapes: most are. The place moves on
    /// to the first name that is not read.
    ///
    /// - Returns: whether all were read; then the place is behind the closing brace.
    mutating func plainMembers(_ bytes: Span<UInt8>, _ index: inout Int, _ place: inout Level) -> Bool {
        // The general way says so where that is enough.
        if seen >= stop, place.count > 0 { return false }
        while true {
            let name = index
            let colon = trail.expected(bytes, name)
            let slot = trail.expectedSlot
            guard colon >= 0, slot >= -1 else { return false }
            var start = colon &+ 1
            if bytes.byte(at: start) == 0x20 { start &+= 1 }
            guard bytes.byte(at: start) == UInt8(ascii: "\"") else { return false }
            var next = JSONScanner.endOfPlain(bytes, start &+ 1)
            guard bytes.byte(at: next) == UInt8(ascii: "\"") else { return false }
            next &+= 1
            let end = next
            let isLast = bytes.byte(at: next) == UInt8(ascii: "}")
            next &+= 1
            if !isLast {
                guard bytes.byte(at: end) == UInt8(ascii: ",") else { return false }
                if bytes.byte(at: next) == 0x20 { next &+= 1 }
                guard bytes.byte(at: next) == UInt8(ascii: "\"") else { return false }
            }
            // The general way says so where there is no room.
            if found.count >= room { return false }
            if place.pending >= 0 { setNext(of: place.pending, name) }
            place.pending = -1
            if slot >= 0 {
                let value = JSONValue(kind: .string, start: start, end: end, mayEscape: false)
                place.pending = remember(.member, slot, name, place.previousEnd, value)
            }
            trail.follow()
            place.count &+= 1
            place.previousEnd = end
            index = next
            if isLast { return true }
            if slot >= 0, seen >= stop { return false }
        }
    }

    /// Reads the name from `start` and looks for it among the keys.
    ///
    /// - Returns: the place behind its closing quote, or of what is wrong, and its entry or -1.
    @inline(never)
    mutating func readName(
        _ bytes: Span<UInt8>, _ start: Int, _ keys: borrowing KeySet, _ level: Int
    ) -> (end: Int, entry: Int) {
        let end = JSONScanner.endOfPlain(bytes, start &+ 1)
        guard bytes.byte(at: end) == UInt8(ascii: "\"") else {
            let end = JSONScanner.string(bytes, end)
            guard end.good else { return (fail(end.index), -1) }
            return (end.index, findEscaped(bytes, start &+ 1..<end.index &- 1, keys, level))
        }
        let length = end &- start &- 1
        var entry = find(bytes, start &+ 1, length, keys, level)
        if level > 0 { return (end &+ 1, entry) }
        if entry < 0, length >= foldedLength, mayBeFolded(bytes.byte(at: start &+ 1)) {
            entry = findFolded(bytes, start &+ 1, length, keys)
        }
        if bytes.byte(at: end &+ 1) == UInt8(ascii: ":") {
            let wanted = entry >= 0 ? unsafe entries[entry].level > 0 ? -2 : entries[entry].slot : -1
            trail.learn(bytes, start, end &+ 2, entry: entry, slot: wanted)
        }
        return (end &+ 1, entry)
    }

    /// The place of a name in the key set's entries, or -1. The name is `length` bytes from `start`, free of escapes.
    ///
    /// Finding changes nothing; but what is not `mutating` is given a copy of the whole scan, for each name.
    @inline(__always)
    private mutating func find(
        _ bytes: Span<UInt8>, _ start: Int, _ length: Int, _ keys: borrowing KeySet, _ level: Int
    ) -> Int {
        let row = level &* (KeySet.longest &+ 1) &+ min(length, KeySet.longest)
        let index = unsafe Int(rows[row])
        let end = unsafe Int(rows[row &+ 1])
        return index == end ? -1 : find(bytes, start, length, keys, from: index, to: end)
    }

    @inline(never)
    private mutating func find(
        _ bytes: Span<UInt8>, _ start: Int, _ length: Int, _ keys: borrowing KeySet, from: Int, to end: Int
    ) -> Int {
        if end &- from > KeySet.longRow { return keys.find(bytes, start, length, from: from, to: end) }
        var index = from
        let first = bytes.upToSixteen(at: start, length: length)
        while index < end {
            if unsafe areEqual(entries[index].first, first) && entries[index].length == length
                && (length <= 16 || keys.hasTail(index, bytes, start, length))
            {
                return index
            }
            index &+= 1
        }
        return -1
    }

    @inline(never)
    private mutating func findEscaped(
        _ bytes: Span<UInt8>, _ content: Range<Int>, _ keys: borrowing KeySet, _ level: Int
    ) -> Int {
        let name = JSONString.unescaped(bytes, content)
        let entry = find(name.span, 0, name.count, keys, level)
        if entry >= 0 { return entry }
        let folded = level > 0 ? -1 : findFolded(name.span, 0, name.count, keys)
        if folded < 0, name.contains(0) { found.oddities.insert(.nulInName) }
        return folded
    }

    /// Whether a name that begins like this may be another spelling of the folded one.
    @inline(__always)
    private func mayBeFolded(_ byte: UInt8) -> Bool { byte | 0x20 == foldedLead || byte >= 0x80 }

    /// The entry of the folded name if this is a spelling of it, or -1.
    @inline(never)
    private mutating func findFolded(
        _ bytes: Span<UInt8>, _ start: Int, _ length: Int, _ keys: borrowing KeySet
    ) -> Int {
        keys.isFolded(bytes, start, length) ? keys.foldedEntry : -1
    }

    /// Whether the string between these places is the name that is lifted.
    @inline(never)
    func isLifted(_ bytes: Span<UInt8>, _ name: Int, _ nameEnd: Int, _ keys: borrowing KeySet) -> Bool {
        JSONString.equals(bytes, JSONValue(kind: .string, start: name, end: nameEnd), keys.unwrapName)
    }
}
