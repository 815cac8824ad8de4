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

    package func compact(before first: UsageDay) async throws {
        let days = try await database.read { try UsageTables.days(before: first.firstOfMonth, $0) }
        // A transaction for each day: nobody waits long for the lock, and who is stopped half-way goes on later.
        for day in days where day != day.firstOfMonth {
            try await database.write { try UsageTables.move(day, to: day.firstOfMonth, $0) }
        }
    }

    package func forget(before first: UsageDay) async throws {
        try await database.write { try UsageTables.forget(before: first, $0) }
    }
}
