import Foundation
package import GRDB
package import ShuntCore

/// One SQLite file and the connections to it: opening, checking, the way in for reads and writes. What is kept in it is
/// the business of the tables (`OverrideTables`).
package final class StoreDatabase: Sendable {
    /// A database that is ready, and what people should hear loudly about how that came to be.
    package struct Opening: Sendable {
        package let database: StoreDatabase
        /// One sentence each; empty when all was well.
        package let notes: [String]
    }

    package let path: String
    private let pool: DatabasePool
    private let file: FileIdentity?
    /// Why nothing can be written since the start; nil when it can.
    private let refusal: StoreProblem?
    private var failure: StoreFailure { StoreFailure(path: path) }

    /// Opens a database, makes it where there is none, and brings it to this version's shape. Blocks.
    ///
    /// A broken file is moved aside and a new one begun. A file that can be read but not written is opened: its
    /// overrides count, changes fail. A file of a newer version, or of another program, is refused and left as it is.
    ///
    /// - Parameters:
    ///   - busyTimeout: seconds to wait for another process's lock.
    ///   - prepare: further settings of each connection.
    package static func open(
        path: String, busyTimeout: Double = 2, prepare: @escaping @Sendable (Database) throws -> Void = { _ in }
    ) throws(StoreProblem) -> Opening {
        var configuration = Configuration()
        configuration.label = "store"
        configuration.busyMode = .timeout(busyTimeout)
        configuration.maximumReaderCount = 2
        // Else GRDB traps when a transaction that failed cannot be rolled back; `write` does that before the next one.
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase(prepare)
        var notes: [String] = []
        do {
            if let damage = try StoreInspection.damage(path: path, configuration: configuration) {
                notes.append(try BrokenFile.moveAside(path: path, damage: damage))
            }
            let database = try opened(path, configuration)
            if let refusal = database.refusal {
                notes.append("\(refusal.text) Until then its overrides count, and changes are refused.")
            }
            return Opening(database: database, notes: notes)
        } catch {
            throw StoreFailure(path: path).problem(error).thenRestart
        }
    }

    /// For writing if possible, else for reading.
    private static func opened(_ path: String, _ configuration: Configuration) throws -> StoreDatabase {
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            try StoreMigrations.apply(to: pool)
            try pool.writeWithoutTransaction { db in
                // A change that was acknowledged outlives a loss of power too. The pool's own setting would not
                // promise that.
                try db.execute(sql: "PRAGMA synchronous = FULL")
                // A transaction alone begins on what is read-only, too.
                try db.inTransaction(.immediate) {
                    try db.execute(sql: "PRAGMA application_id = \(StoreMigrations.applicationID)")
                    return .rollback
                }
            }
            return StoreDatabase(path, pool, refusal: nil)
        } catch let error as DatabaseError where error.keepsFromWriting {
            guard let pool = try? forReading(path, configuration) else { throw error }
            // It can be opened: what cannot are the files beside it.
            let cause = error.resultCode == .SQLITE_CANTOPEN ? DatabaseError(resultCode: .SQLITE_READONLY) : error
            return StoreDatabase(path, pool, refusal: StoreFailure(path: path).problem(cause).thenRestart)
        }
    }

    private static func forReading(_ path: String, _ configuration: Configuration) throws -> DatabasePool? {
        var configuration = configuration
        configuration.readonly = true
        let pool = try DatabasePool(path: StoreInspection.name(toRead: path), configuration: configuration)
        return try pool.read(StoreMigrations.migrator().hasCompletedMigrations) ? pool : nil
    }

    private init(_ path: String, _ pool: DatabasePool, refusal: StoreProblem?) {
        self.path = path
        self.pool = pool
        self.refusal = refusal
        file = FileIdentity(path: path)
    }

    /// Waits for what is under way, brings what stands in the write-ahead log into the file, and closes it. Later calls
    /// fail.
    package func close() {
        // Closing would do that by itself, but for the connections that only read, which are closed last and cannot.
        try? pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try? pool.close()
    }

    /// Runs `body` in one transaction: all of it happens, or nothing. It is not cancelled with the calling task, so
    /// that a caller is told what happened.
    func write(_ body: @escaping @Sendable (Database) throws -> Void) async throws(StoreProblem) {
        let result: Result<Void, StoreProblem> = await withCheckedContinuation { continuation in
            pool.asyncWriteWithoutTransaction { db in
                continuation.resume(
                    returning: self.result {
                        if let refusal = self.refusal { throw refusal }
                        try self.checkFile()
                        if db.isInsideTransaction { try db.rollback() }
                        try db.inTransaction(.immediate) {
                            try body(db)
                            return .commit
                        }
                    })
            }
        }
        try result.get()
    }

    /// Runs `body` on one state of the database.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreProblem) -> Value {
        let result: Result<Value, StoreProblem> = await withCheckedContinuation { continuation in
            pool.asyncRead { db in continuation.resume(returning: self.result { try body(try db.get()) }) }
        }
        return try result.get()
    }

    private func result<Value>(_ body: () throws -> Value) -> Result<Value, StoreProblem> {
        Result(catching: body).mapError(failure.problem)
    }

    /// SQLite goes on writing into a file that was unlinked, and all of it would be lost.
    private func checkFile() throws {
        guard FileIdentity(path: path) != file else { return }
        throw StoreProblem.unwritable(
            "\(path) was removed or replaced while the proxy runs. Restart the proxy to go on with what is there now.")
    }
}

extension DatabaseError {
    /// Whether a file may well be read all the same.
    fileprivate var keepsFromWriting: Bool {
        [.SQLITE_READONLY, .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_CANTOPEN].contains(resultCode)
    }
}

extension StoreProblem {
    /// For people.
    var text: String {
        switch self {
        case .unwritable(let text), .unreadable(let text): text
        }
    }

    /// What fails at the start is not tried again before the next one.
    fileprivate var thenRestart: StoreProblem {
        switch self {
        case .unwritable(let text): .unwritable("\(text) Then restart the proxy.")
        case .unreadable(let text): .unreadable("\(text) Then restart the proxy.")
        }
    }
}
