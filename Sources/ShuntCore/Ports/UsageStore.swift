/// A day on which the proxy ran and watched an endpoint, for at least a part of it.
package struct WatchedDay: Sendable, Hashable {
    package var endpoint: String
    package var day: UsageDay
    package init(endpoint: String, day: UsageDay) {
        self.endpoint = endpoint
        self.day = day
    }
}

/// The key of the keyed hash that stands for a session in a ledger's sketches.
package struct UsageHashKey: Sendable, Hashable {
    package var low: UInt64
    package var high: UInt64
    package init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
}

/// Keeps the ledger. The proxy goes on without it when it fails.
package protocol UsageStore: Sendable {
    /// Drawn when the ledger was begun, and the same ever since: a session counts once, whoever wrote it down.
    func hashKey() async throws -> UsageHashKey
    /// Adds rows to what is there: all of them, or nothing. Others may write into the same ledger at the same time.
    func add(_ rows: [UsageRow], watched: [WatchedDay]) async throws
    /// Rows of the days in `days`, of one endpoint or of all, in the order of day, endpoint and the rest of their key.
    ///
    /// - Parameter limit: how many at most: the latest days.
    func usage(_ days: ClosedRange<UsageDay>, endpoint: String?, limit: Int) async throws -> [UsageRow]
    /// Reads the days that were watched, in the order of endpoint and day.
    func watchedDays() async throws -> [WatchedDay]
    /// Sums up the months that ended before `first`: what the days of such a month counted stands on its first day from
    /// then on. Months that are summed up already stay as they are.
    func compact(before first: UsageDay) async throws
    /// Forgets all days before `first`.
    func forget(before first: UsageDay) async throws
}
