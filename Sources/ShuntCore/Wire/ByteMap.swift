/// Strings to their index, looked up by the bytes of a message: open addressing over a hash that is made for speed. The
/// strings come from the configuration, so nobody outside can make them collide; a lookup compares bytes, so a value
/// that hashes alike finds nothing.
@safe
package final class ByteMap: Sendable {
    private struct Place: Sendable {
        /// The key's first sixteen bytes, filled up with 0.
        var first = SIMD16<UInt8>()
        var length = 0
        /// All of its bytes, in `bytes`.
        var start = 0
        /// The key's index, or -1 where the place is free.
        var index = -1
    }

    /// Where they can be read without counting references: they are asked for on the path of every message.
    nonisolated(unsafe) private let places: UnsafePointer<Place>
    /// The number of places less one: they are a power of two.
    private let mask: Int
    private let isEmpty: Bool
    /// The keys, one behind the other.
    private let bytes: [UInt8]

    /// - Parameter keys: a key's index is what `find` gives; of equal keys the first one's.
    package init(_ keys: [String]) {
        var bytes: [UInt8] = []
        var size = 8
        while size < keys.count * 2 { size *= 2 }
        var places = [Place](repeating: Place(), count: size)
        for (index, key) in keys.enumerated() {
            let start = bytes.count
            bytes.append(contentsOf: key.utf8)
            let length = bytes.count - start
            let first = bytes.span.upToSixteen(at: start, length: length)
            var place = ByteMap.hash(first, bytes.span, start, length) & (size - 1)
            var known = false
            while places[place].index >= 0 && !known {
                let there = places[place]
                known =
                    there.length == length && bytes.span.hasEqual(length, at: there.start, to: bytes.span, at: start)
                place = (place + 1) & (size - 1)
            }
            if known { continue }
            places[place] = Place(first: first, length: length, start: start, index: index)
        }
        let table = UnsafeMutablePointer<Place>.allocate(capacity: size)
        for (place, there) in places.enumerated() { unsafe (table + place).initialize(to: there) }
        unsafe self.places = UnsafePointer(table)
        mask = size - 1
        isEmpty = keys.isEmpty
        self.bytes = bytes
    }

    deinit { unsafe places.deallocate() }

    /// The index of a string value; nil when it is no string, or none of the keys.
    package func find(_ message: Span<UInt8>, _ value: JSONValue) -> Int? {
        guard !isEmpty, let content = JSONString.range(message, value) else { return nil }
        if value.mayEscape {
            let text = JSONString.unescaped(message, content)
            return find(text.span, 0, text.count)
        }
        return find(message, content.lowerBound, content.count)
    }

    /// The index of a key by its bytes.
    package func find(_ key: [UInt8]) -> Int? { find(key.span, 0, key.count) }

    @inline(__always)
    private func find(_ text: Span<UInt8>, _ start: Int, _ length: Int) -> Int? {
        let first = text.upToSixteen(at: start, length: length)
        var place = ByteMap.hash(first, text, start, length) & mask
        // At most half of the places are taken, so a free one ends the search.
        while true {
            let there = unsafe places + place
            if unsafe there.pointee.index < 0 { return nil }
            if unsafe there.pointee.length == length && areEqual(there.pointee.first, first)
                && (length <= 16 || hasTail(there.pointee.start, text, start, length))
            {
                return unsafe there.pointee.index
            }
            place = (place &+ 1) & mask
        }
    }

    @inline(never)
    private func hasTail(_ place: Int, _ text: Span<UInt8>, _ start: Int, _ length: Int) -> Bool {
        let keys = bytes
        return keys.span.hasEqual(length &- 16, at: place &+ 16, to: text, at: start &+ 16)
    }

    /// Eight bytes at a time are folded in by a multiplication to twice the width; the first sixteen are at hand.
    @inline(__always)
    private static func hash(_ first: SIMD16<UInt8>, _ bytes: Span<UInt8>, _ start: Int, _ length: Int) -> Int {
        let words = unsafe unsafeBitCast(first, to: SIMD2<UInt64>.self)
        let state = UInt64(truncatingIfNeeded: length) &* 0x9E37_79B9_7F4A_7C15
        let hash = fold(fold(state, words[0]), words[1])
        return Int(truncatingIfNeeded: length <= 16 ? hash : foldTail(hash, bytes, start, length))
    }

    @inline(__always)
    private static func fold(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }

    @inline(never)
    private static func foldTail(_ state: UInt64, _ bytes: Span<UInt8>, _ start: Int, _ length: Int) -> UInt64 {
        var (state, offset) = (state, 16)
        while offset < length {
            state = fold(state, bytes.upToEight(at: start &+ offset, length: length &- offset))
            offset &+= 8
        }
        return state
    }
}
