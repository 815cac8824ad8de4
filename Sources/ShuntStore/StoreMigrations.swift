import GRDB

/// The shape of the database, step by step: each room that keeps something registers its tables here. A step that has
/// been released is never edited; what it made is changed by a later one.
enum StoreMigrations {
    /// "Shnt": what `PRAGMA application_id` says of a database that is ours.
    static let applicationID: Int32 = 0x5368_6E74

    static func migrator() -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        OverrideTables.register(in: &migrator)
        UsageTables.register(in: &migrator)
        return migrator
    }

    /// Brings a database to this version's shape. Two processes may do so at once (a new one starts while the old one
    /// drains): who comes second finds a step done that it had planned, fails, and looks again.
    static func apply(to pool: DatabasePool) throws {
        let migrator = migrator()
        var attempts = 3
        while true {
            do {
                try migrator.migrate(pool)
                return
            } catch let error as DatabaseError
                where error.resultCode == .SQLITE_ERROR || error.resultCode == .SQLITE_CONSTRAINT
            {
                attempts -= 1
                if attempts == 0 { throw error }
            }
        }
    }
}
