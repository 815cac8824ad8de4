import GRDB
import ShuntCore

/// Overrides and their audit trail as tables. Values are read through `DatabaseValue` conversions that may fail: GRDB's
/// own subscripts trap on a value of another type, and a file may hold anything.
enum OverrideTables {
    static func register(in migrator: inout DatabaseMigrator) {
        migrator.registerMigration("1: overrides and audit") { db in
            try db.execute(sql: "PRAGMA application_id = \(StoreMigrations.applicationID)")
            try db.execute(
                sql: """
                    CREATE TABLE override (
                        kind TEXT NOT NULL CHECK (kind IN ('route', 'phase')),
                        name TEXT NOT NULL,
                        value TEXT NOT NULL,
                        at INTEGER NOT NULL,
                        by TEXT NOT NULL,
                        reason TEXT NOT NULL,
                        PRIMARY KEY (kind, name)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE audit (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        at INTEGER NOT NULL,
                        by TEXT NOT NULL,
                        action TEXT NOT NULL,
                        subject TEXT NOT NULL,
                        was TEXT NOT NULL,
                        became TEXT NOT NULL,
                        reason TEXT NOT NULL
                    ) STRICT;
                    CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
                    BEGIN SELECT RAISE(ABORT, 'lines of the audit trail are never changed'); END;
                    CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
                    BEGIN SELECT RAISE(ABORT, 'lines of the audit trail are never removed'); END;
                    """)
        }
    }

    // MARK: Overrides

    static func all(_ db: Database) throws -> [StoredOverride] {
        try Row.fetchAll(db, sql: "SELECT kind, name, value, at, by, reason FROM override ORDER BY kind, name")
            .map(read(override:))
    }

    static func put(_ override: StoredOverride, _ db: Database) throws {
        let (kind, name) = key(of: override.subject)
        try db.execute(
            sql: "INSERT OR REPLACE INTO override (kind, name, value, at, by, reason) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [kind, name, override.value, override.at.milliseconds, override.by, override.reason])
    }

    static func remove(_ subject: StoredOverride.Subject, _ db: Database) throws {
        let (kind, name) = key(of: subject)
        try db.execute(sql: "DELETE FROM override WHERE kind = ? AND name = ?", arguments: [kind, name])
    }

    private static func key(of subject: StoredOverride.Subject) -> (kind: String, name: String) {
        switch subject {
        case .route(let name): ("route", name)
        case .phase: ("phase", "")
        }
    }

    private static func read(override row: Row) throws -> StoredOverride {
        var columns = Columns(row, table: "override")
        let kind = try columns.next(String.self)
        let name = try columns.next(String.self)
        return StoredOverride(
            subject: kind == "phase" ? .phase : .route(name), value: try columns.next(String.self),
            at: UnixTime(milliseconds: try columns.next(Int64.self)), by: try columns.next(String.self),
            reason: try columns.next(String.self))
    }

    // MARK: The audit trail

    /// The entry's own id is not looked at: the database gives one.
    static func add(_ entry: AuditEntry, _ db: Database) throws {
        try db.execute(
            sql: "INSERT INTO audit (at, by, action, subject, was, became, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                entry.at.milliseconds, entry.by, entry.action.rawValue, entry.subject, entry.from, entry.to,
                entry.reason,
            ])
    }

    static func latest(_ limit: Int, before: Int64?, _ db: Database) throws -> [AuditEntry] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT id, at, by, action, subject, was, became, reason FROM audit
                WHERE id < ? ORDER BY id DESC LIMIT ?
                """,
            // A negative LIMIT means no limit to SQLite.
            arguments: [before ?? Int64.max, max(limit, 0)]
        ).map(read(entry:))
    }

    private static func read(entry row: Row) throws -> AuditEntry {
        var columns = Columns(row, table: "audit")
        let id = try columns.next(Int64.self)
        let at = try columns.next(Int64.self)
        let by = try columns.next(String.self)
        let action = try columns.next(String.self)
        guard let known = AuditEntry.Action(rawValue: action) else {
            throw UnreadableRow(
                text: "line \(id) of the audit trail says '\(action)', which this version does not know")
        }
        return AuditEntry(
            id: id, at: UnixTime(milliseconds: at), by: by, action: known, subject: try columns.next(String.self),
            from: try columns.next(String.self), to: try columns.next(String.self),
            reason: try columns.next(String.self))
    }
}

/// A row that does not hold what its table promises.
struct UnreadableRow: Error {
    var text: String
}

/// The columns of a row from left to right, each checked.
struct Columns {
    private var rest: Array<DatabaseValue>.Iterator
    private let table: String

    init(_ row: Row, table: String) {
        rest = Array(row.databaseValues).makeIterator()
        self.table = table
    }

    /// A column that may hold nothing.
    mutating func next<Value: DatabaseValueConvertible>(_: Value?.Type) throws -> Value? {
        guard let stored = rest.next(), stored.isNull || Value.fromDatabaseValue(stored) != nil else {
            throw UnreadableRow(text: "a row of the table '\(table)' does not hold what it should")
        }
        return Value.fromDatabaseValue(stored)
    }

    mutating func next<Value: DatabaseValueConvertible>(_: Value.Type) throws -> Value {
        guard let stored = rest.next(), let value = Value.fromDatabaseValue(stored) else {
            throw UnreadableRow(text: "a row of the table '\(table)' does not hold what it should")
        }
        return value
    }
}
