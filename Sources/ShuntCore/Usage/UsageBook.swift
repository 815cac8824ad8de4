/// Counts of all workers that the store has not: rows are summed by day and key, clients bounded over all workers.
package struct UsageBook: Sendable {
    /// Rows that wait at most, when the store does not take them: those of the earliest day go first.
    package static let most = 100_000
    /// Days of which it is remembered who was counted by name.
    private static let remembered = 3

    private let maxClients: Int
    private var rows: [UsageRow.ID: UsageCounts] = [:]
    private var callers: [UsageDay: CallerBound] = [:]

    /// - Parameter maxClients: apps, versions and origins that are counted by name on a day.
    package init(maxClients: Int) { self.maxClients = maxClients }

    package var isEmpty: Bool { rows.isEmpty }
    package var count: Int { rows.count }

    /// Rows that wait, of one endpoint or of all.
    package func rows(of endpoint: String?) -> [UsageRow] {
        rows.filter { endpoint == nil || $0.key.key.endpoint == endpoint }
            .map { UsageRow(day: $0.key.day, key: $0.key.key, counts: $0.value) }
    }

    package mutating func add(_ batch: UsageBatch) {
        for row in batch.rows {
            let key = callers[row.day, default: CallerBound(most: maxClients)].bounded(row.key)
            rows[UsageRow.ID(day: row.day, key: key), default: UsageCounts()].add(row.counts)
        }
        while callers.count > Self.remembered, let earliest = callers.keys.min() { callers[earliest] = nil }
    }

    /// Takes all rows out, to be written: the earliest day first.
    package mutating func take() -> [UsageRow] {
        let taken = rows.map { UsageRow(day: $0.key.day, key: $0.key.key, counts: $0.value) }
        rows.removeAll(keepingCapacity: true)
        return taken.sorted { $0.day < $1.day }
    }

    /// Puts rows back that could not be written.
    ///
    /// - Returns: how many had to be given up.
    package mutating func putBack(_ taken: [UsageRow]) -> Int {
        for row in taken { rows[row.id, default: UsageCounts()].add(row.counts) }
        let before = rows.count
        while rows.count > Self.most, let earliest = rows.keys.map(\.day).min() {
            for key in rows.keys.filter({ $0.day == earliest }).prefix(rows.count - Self.most) { rows[key] = nil }
        }
        return before - rows.count
    }
}
