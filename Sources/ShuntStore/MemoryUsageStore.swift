package import ShuntCore

/// The ledger without a disk (`store: {url: memory:}`): it ends with the process.
package actor MemoryUsageStore: UsageStore {
    private var rows: [UsageRow.ID: UsageCounts] = [:]
    private var watched: Set<WatchedDay> = []
    private let key = UsageHashKey(low: .random(in: 0...UInt64.max), high: .random(in: 0...UInt64.max))

    package init() {}

    package func hashKey() -> UsageHashKey { key }

    package func add(_ rows: [UsageRow], watched: [WatchedDay]) {
        for row in rows { self.rows[row.id, default: UsageCounts()].add(row.counts) }
        self.watched.formUnion(watched)
    }

    package func usage(_ days: ClosedRange<UsageDay>, endpoint: String?, limit: Int) -> [UsageRow] {
        let all = rows.filter { days.contains($0.key.day) && (endpoint == nil || $0.key.key.endpoint == endpoint) }
            .map { UsageRow(day: $0.key.day, key: $0.key.key, counts: $0.value) }
        return all.sorted(by: UsageTables.precedes).suffix(max(limit, 0))
    }

    package func watchedDays() -> [WatchedDay] {
        watched.sorted { ($0.endpoint, $0.day.number) < ($1.endpoint, $1.day.number) }
    }

    package func compact(before first: UsageDay) {
        let end = first.firstOfMonth
        for (id, counts) in rows where id.day < end && id.day != id.day.firstOfMonth {
            rows[id] = nil
            rows[UsageRow.ID(day: id.day.firstOfMonth, key: id.key), default: UsageCounts()].add(counts)
        }
    }

    package func forget(before first: UsageDay) {
        // A month that is summed up stands at its first day: it is kept as long as any of its days.
        rows = rows.filter { $0.key.day >= first.firstOfMonth }
        watched = watched.filter { $0.day >= first }
    }
}
