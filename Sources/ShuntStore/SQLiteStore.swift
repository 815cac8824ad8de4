package import ShuntCore

/// Overrides and their audit trail in a SQLite file. Every change is on the disk when its call returns.
package struct SQLiteStore: OverrideStore {
    /// A store that is ready, and what people should hear loudly about how that came to be: a broken file was moved
    /// aside, a file cannot be written.
    package struct Opening: Sendable {
        package let store: SQLiteStore
        /// One sentence each; empty when all was well.
        package let notes: [String]
    }

    /// The file, for others that keep their tables in it.
    package let database: StoreDatabase

    package init(_ database: StoreDatabase) { self.database = database }

    /// Opens or makes the file at `path`. Blocks, for a start of the process only. See `StoreDatabase.open`.
    package static func open(path: String) throws(StoreProblem) -> Opening {
        let opening = try StoreDatabase.open(path: path)
        return Opening(store: SQLiteStore(opening.database), notes: opening.notes)
    }

    package func close() { database.close() }

    package func overrides() async throws(StoreProblem) -> [StoredOverride] {
        try await database.read(OverrideTables.all)
    }

    package func put(_ override: StoredOverride, _ entry: AuditEntry) async throws(StoreProblem) {
        try await database.write { db in
            try OverrideTables.put(override, db)
            try OverrideTables.add(entry, db)
        }
    }

    package func remove(_ subject: StoredOverride.Subject, _ entry: AuditEntry) async throws(StoreProblem) {
        try await database.write { db in
            try OverrideTables.remove(subject, db)
            try OverrideTables.add(entry, db)
        }
    }

    package func record(_ entry: AuditEntry) async throws(StoreProblem) {
        try await database.write { try OverrideTables.add(entry, $0) }
    }

    package func audit(limit: Int, before: Int64?) async throws(StoreProblem) -> [AuditEntry] {
        try await database.read { try OverrideTables.latest(limit, before: before, $0) }
    }
}
