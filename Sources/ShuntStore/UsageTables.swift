import Foundation
import GRDB
import ShuntCore

/// The ledger as tables. Values are read through conversions that may fail, as those of `OverrideTables`.
enum UsageTables {
    static func register(in migrator: inout DatabaseMigrator) {
        migrator.registerMigration("2: usage") { db in
            try db.execute(
                sql: """
                    CREATE TABLE usage (
                        day INTEGER NOT NULL,
                        endpoint TEXT NOT NULL,
                        route TEXT NOT NULL,
                        app TEXT NOT NULL,
                        version TEXT NOT NULL,
                        tenant TEXT NOT NULL,
                        origin TEXT NOT NULL,
                        sockets INTEGER NOT NULL,
                        messages INTEGER NOT NULL,
                        replies INTEGER NOT NULL,
                        bytes_in INTEGER NOT NULL,
                        bytes_out INTEGER NOT NULL,
                        errors INTEGER NOT NULL,
                        sessions BLOB NOT NULL,
                        first_seen INTEGER,
                        last_seen INTEGER,
                        PRIMARY KEY (day, endpoint, route, app, version, tenant, origin)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE watched (
                        endpoint TEXT NOT NULL,
                        day INTEGER NOT NULL,
                        PRIMARY KEY (endpoint, day)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE usage_key (id INTEGER PRIMARY KEY CHECK (id = 1), key BLOB NOT NULL) STRICT;
                    INSERT INTO usage_key VALUES (1, randomblob(16));
                    """)
        }
    }

    static func hashKey(_ db: Database) throws -> UsageHashKey {
        guard let key = try Data.fetchOne(db, sql: "SELECT key FROM usage_key"), key.count == 16 else {
            throw UnreadableRow(text: "the table 'usage_key' does not hold what it should")
        }
        func word(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 &<< 8 | UInt64($1) } }
        return UsageHashKey(low: word(key.prefix(8)), high: word(key.suffix(8)))
    }

    // MARK: Writing

    static func add(_ row: UsageRow, _ db: Database) throws {
        let counts = row.counts
        let key: [any DatabaseValueConvertible] = [
            row.day.number, row.key.endpoint, row.key.route, row.key.app, row.key.version, row.key.tenant ?? "",
            row.key.origin,
        ]
        let known = try db.cachedStatement(sql: "SELECT sessions FROM usage WHERE \(whose)")
        var sessions = counts.sessions
        // What cannot be read is begun anew: the rest of the row counts on.
        if let bytes = try Data.fetchOne(known, arguments: StatementArguments(key)),
            let before = DistinctSketch(bytes: Array(bytes))
        {
            sessions.formUnion(before)
        }
        let values: [(any DatabaseValueConvertible)?] = [
            counts.sockets, counts.messages, counts.replies, counts.bytesIn, counts.bytesOut, counts.errors,
            Data(sessions.bytes), counts.firstSeen?.milliseconds, counts.lastSeen?.milliseconds,
        ]
        try db.cachedStatement(sql: upsert).execute(arguments: StatementArguments(key) + StatementArguments(values))
    }

    private static let whose =
        "day = ? AND endpoint = ? AND route = ? AND app = ? AND version = ? AND tenant = ? AND origin = ?"

    /// `min` and `max` of several values are nil when one is: the other counts then. A sum that is too large for the column
    /// would be refused with all that is written beside it: it stays at the largest.
    private static let upsert = """
        INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
            \(["sockets", "messages", "replies", "bytes_in", "bytes_out", "errors"].map(sum).joined(separator: ",\n")),
            sessions = excluded.sessions,
            first_seen = coalesce(min(first_seen, excluded.first_seen), first_seen, excluded.first_seen),
            last_seen = coalesce(max(last_seen, excluded.last_seen), last_seen, excluded.last_seen)
        """

    private static func sum(_ column: String) -> String {
        "\(column) = \(column) + min(excluded.\(column), \(Int64.max) - max(0, \(column)))"
    }

    static func add(_ watched: WatchedDay, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR IGNORE INTO watched (endpoint, day) VALUES (?, ?)")
            .execute(arguments: [watched.endpoint, watched.day.number])
    }

    /// Adds what one day counted to another one.
    static func move(_ day: UsageDay, to other: UsageDay, _ db: Database) throws {
        for row in try Row.fetchAll(db, sql: "SELECT * FROM usage WHERE day = ?", arguments: [day.number]) {
            let row = try read(row: row)
            try add(UsageRow(day: other, key: row.key, counts: row.counts), db)
        }
        try db.execute(sql: "DELETE FROM usage WHERE day = ?", arguments: [day.number])
    }

    /// A month that is summed up stands at its first day: it is kept as long as any of its days.
    static func forget(before first: UsageDay, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM usage WHERE day < ?", arguments: [first.firstOfMonth.number])
        try db.execute(sql: "DELETE FROM watched WHERE day < ?", arguments: [first.number])
    }

    // MARK: Reading

    static func rows(
        _ days: ClosedRange<UsageDay>, endpoint: String?, limit: Int, _ db: Database
    ) throws -> [UsageRow] {
        let filter = endpoint == nil ? "" : " AND endpoint = ?"
        var arguments: StatementArguments = [days.lowerBound.number, days.upperBound.number]
        if let endpoint { arguments += [endpoint] }
        arguments += [max(limit, 0)]
        // The latest days are those that are kept within the limit.
        let rows = try Row.fetchAll(
            db, sql: "SELECT * FROM usage WHERE day BETWEEN ? AND ?\(filter) ORDER BY day DESC LIMIT ?",
            arguments: arguments
        ).map(read(row:))
        return rows.sorted(by: precedes)
    }

    /// The days before `end` that have rows.
    static func days(before end: UsageDay, _ db: Database) throws -> [UsageDay] {
        try Int32.fetchAll(
            db, sql: "SELECT DISTINCT day FROM usage WHERE day < ? ORDER BY day", arguments: [end.number]
        )
        .map(UsageDay.init(number:))
    }

    static func watchedDays(_ db: Database) throws -> [WatchedDay] {
        try Row.fetchAll(db, sql: "SELECT endpoint, day FROM watched ORDER BY endpoint, day").map { row in
            var columns = Columns(row, table: "watched")
            return WatchedDay(
                endpoint: try columns.next(String.self), day: UsageDay(number: try columns.next(Int32.self)))
        }
    }

    static func precedes(_ left: UsageRow, _ right: UsageRow) -> Bool {
        if left.day != right.day { return left.day < right.day }
        let (one, other) = (left.key, right.key)
        if (one.endpoint, one.route) != (other.endpoint, other.route) {
            return (one.endpoint, one.route) < (other.endpoint, other.route)
        }
        return (one.app, one.version, one.tenant ?? "", one.origin)
            < (other.app, other.version, other.tenant ?? "", other.origin)
    }

    private static func read(row: Row) throws -> UsageRow {
        var columns = Columns(row, table: "usage")
        let day = UsageDay(number: try columns.next(Int32.self))
        var key = UsageKey(endpoint: try columns.next(String.self), route: try columns.next(String.self))
        key.app = try columns.next(String.self)
        key.version = try columns.next(String.self)
        let tenant = try columns.next(String.self)
        key.tenant = tenant.isEmpty ? nil : tenant
        key.origin = try columns.next(String.self)
        var counts = UsageCounts()
        counts.sockets = try columns.next(Int.self)
        counts.messages = try columns.next(Int.self)
        counts.replies = try columns.next(Int.self)
        counts.bytesIn = try columns.next(Int.self)
        counts.bytesOut = try columns.next(Int.self)
        counts.errors = try columns.next(Int.self)
        guard let sessions = DistinctSketch(bytes: Array(try columns.next(Data.self))) else {
            throw UnreadableRow(text: "a row of the table 'usage' does not hold what it should")
        }
        counts.sessions = sessions
        counts.firstSeen = try columns.next(Int64?.self).map(UnixTime.init(milliseconds:))
        counts.lastSeen = try columns.next(Int64?.self).map(UnixTime.init(milliseconds:))
        return UsageRow(day: day, key: key, counts: counts)
    }
}
