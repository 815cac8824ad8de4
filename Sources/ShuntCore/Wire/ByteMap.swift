/// Strings to their index, looked up by the bytes of a message: open addressing over a hash that is made for speed. The
/// strings come from the configuration, so nobody outside can make them collide; a lookup compares bytes, so a value
/// that hashes alike finds nothing.
package final class ByteMap: Sendable {
    private struct Place: Sendable {
        var hash: UInt32 = 0
        /// The key's index, or -1 where the place is free.
        var index: Int32 = -1
        var start = 0
        var length = 0
    }

    private let places: [Place]
    private let bytes: [UInt8]
    private let seed: UInt64

    /// - Parameter keys: a key's index is what `find` gives; of equal keys the first one's.
    package init(_ keys: [String]) {
        var bytes: [UInt8] = []
        var size = 8
        while size < keys.count * 2 { size *= 2 }
        var places = [Place](repeating: Place(), count: size)
        let seed: UInt64 = 0x9E37_79B9_7F4A_7C15
        for (index, key) in keys.enumerated() {
            let start = bytes.count
            bytes.append(contentsOf: key.utf8)
            let length = bytes.count - start
            let hash = ByteMap.hash(bytes.span, start, length, seed)
            var place = Int(truncatingIfNeeded: hash) & (size - 1)
            var known = false
            while places[place].index >= 0 && !known {
                let there = places[place]
                known =
                    there.length == length && bytes.span.hasEqual(length, at: there.start, to: bytes.span, at: start)
                place = (place + 1) & (size - 1)
            }
            if known { continue }
            places[place] = Place(hash: hash, index: Int32(truncatingIfNeeded: index), start: start, length: length)
        }
        self.places = places
        self.bytes = bytes
        self.seed = seed
    }

    /// The index of a string value; nil when it is no string, or none of the keys.
    package func find(_ message: Span<UInt8>, _ value: JSONValue) -> Int? {
        guard let content = JSONString.range(message, value) else { return nil }
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
        let hash = ByteMap.hash(text, start, length, seed)
        let keys = self.bytes
        let mask = places.count &- 1
        var place = Int(truncatingIfNeeded: hash) & mask
        // At most half of the places are taken, so a free one ends the search.
        while true {
            let there = places[place]
            if there.index < 0 { return nil }
            if there.hash == hash && there.length == length
                && keys.span.hasEqual(length, at: there.start, to: text, at: start)
            {
                return Int(there.index)
            }
            place = (place &+ 1) & mask
        }
    }

    /// Eight bytes at a time are folded in by a multiplication to twice the width.
    @inline(__always)
    private static func hash(_ bytes: Span<UInt8>, _ start: Int, _ length: Int, _ seed: UInt64) -> UInt32 {
        var state = seed ^ UInt64(truncatingIfNeeded: length)
        var offset = 0
        repeat {
            let word = bytes.upToEight(at: start &+ offset, length: length &- offset)
            let product = (state ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
            state = product.high ^ product.low
            offset &+= 8
        } while offset < length
        return UInt32(truncatingIfNeeded: state ^ (state &>> 32))
    }
}
