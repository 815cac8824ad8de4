/// Fixed buckets for lengths of time: each bound is twice the one before, from a millisecond to 32.768 seconds. The bucket
/// of a span is found by counting leading zeros, so that observing one costs no search.
package enum DurationBuckets {
    /// How many have an upper bound; one more is for what is above them all.
    package static let bounded = 16
    package static let count = bounded + 1

    /// The upper bound of a bucket, inclusive, in milliseconds.
    package static func milliseconds(of bucket: Int) -> Int { 1 << min(max(bucket, 0), bounded - 1) }

    @inline(__always)
    package static func bucket(of span: TimeSpan) -> Int {
        let milliseconds = (max(1, span.nanoseconds) - 1) / 1_000_000
        return min(Int64.bitWidth - milliseconds.leadingZeroBitCount, bounded)
    }
}

/// How long something took, counted by bucket.
package struct DurationCounts: Sendable, Hashable {
    /// Counts by bucket of `DurationBuckets`, not cumulative.
    package private(set) var buckets = [Int](repeating: 0, count: DurationBuckets.count)
    package private(set) var nanoseconds: Int64 = 0
    package init() {}

    package init(_ buckets: some Collection<Int>, nanoseconds: Int64) {
        for (place, count) in zip(self.buckets.indices, buckets) { self.buckets[place] = count }
        self.nanoseconds = nanoseconds
    }

    package var count: Int { buckets.reduce(0, &+) }

    package mutating func add(_ span: TimeSpan) {
        buckets[DurationBuckets.bucket(of: span)] &+= 1
        nanoseconds &+= max(0, span.nanoseconds)
    }

    package mutating func add(_ other: DurationCounts) {
        for place in buckets.indices { buckets[place] &+= other.buckets[place] }
        nanoseconds &+= other.nanoseconds
    }
}

/// The same for many things by their place: one array for all, with a row for each place that was ever observed, so that
/// observing allocates only the first time at a place.
package struct DurationTable: Sendable {
    /// A row: the buckets, then the sum in nanoseconds.
    private static let width = DurationBuckets.count + 1

    /// The row's beginning, by place; -1 for none.
    private var rows: [Int]
    private var counts: [Int] = []

    package init(places: Int) { rows = Array(repeating: -1, count: max(0, places)) }

    @inline(__always)
    package mutating func add(_ span: TimeSpan, at place: Int) {
        guard place >= 0, place < rows.count else { return }
        if rows[place] < 0 { makeRow(place) }
        let row = rows[place]
        counts[row &+ DurationBuckets.bucket(of: span)] &+= 1
        counts[row &+ DurationBuckets.count] &+= Int(truncatingIfNeeded: max(0, span.nanoseconds))
    }

    private mutating func makeRow(_ place: Int) {
        rows[place] = counts.count
        counts.append(contentsOf: repeatElement(0, count: Self.width))
    }

    /// The counts of a place; nil for none.
    package subscript(_ place: Int) -> DurationCounts? {
        guard place >= 0, place < rows.count, rows[place] >= 0 else { return nil }
        let sum = rows[place] + DurationBuckets.count
        return DurationCounts(counts[rows[place]..<sum], nanoseconds: Int64(counts[sum]))
    }

    /// Adds what was observed elsewhere at the same places.
    mutating func add(_ other: DurationTable) {
        if counts.isEmpty, rows.count == other.rows.count {
            self = other
            return
        }
        for place in rows.indices where place < other.rows.count && other.rows[place] >= 0 {
            if rows[place] < 0 { makeRow(place) }
            let (row, from) = (rows[place], other.rows[place])
            for column in 0..<Self.width { counts[row + column] &+= other.counts[from + column] }
        }
    }

    /// The same table with other places.
    ///
    /// - Parameter places: by new place the old one; what is at an old place that none of them names is forgotten.
    package func moved(to places: [Int]) -> DurationTable {
        var moved = DurationTable(places: places.count)
        for (new, old) in places.enumerated() where old >= 0 && old < rows.count && rows[old] >= 0 {
            moved.rows[new] = moved.counts.count
            moved.counts.append(contentsOf: counts[rows[old]..<rows[old] + Self.width])
        }
        return moved
    }
}
