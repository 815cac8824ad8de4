package import ShuntCore

/// The ledger in a SQLite file, beside the overrides.
package struct SQLiteUsageStore: UsageStore {
    private let database: StoreDatabase

    package init(_ database: StoreDatabase) { self.database = database }

    package func hashKey() async throws -> UsageHashKey { try await database.read(UsageTables.hashKey) }

    package func add(_ rows: [UsageRow], watched: [WatchedDay]) async throws {
        try await database.write { db in
            for row in rows { try UsageTables.add(row, db) }
            for day in watched { try UsageTables.add(day, db) }
        }
    }

    package func usage(_ days: ClosedRange<UsageDay>, endpoint: String?, limit: Int) async throws -> [UsageRow] {
        try await database.read { try UsageTables.rows(days, endpoint: endpoint, limit: limit, $0) }
    }

    package func watchedDays() async throws -> [WatchedDay] { try await database.read(UsageTables.watchedDays) }

    package func forget(before first: UsageDay) async throws {
        try await database.write { try UsageTables.forget(before: first, $0) }
    }
}
