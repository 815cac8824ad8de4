import Foundation
import GRDB
import ShuntCore

/// Looks at a file before it is opened for writing, so that one that is not ours is not touched.
enum StoreInspection {
    /// - Returns: what is broken; nil for a sound database, an empty file, and no file at all.
    /// - Throws: `StoreProblem` for a database that must be left alone, `DatabaseError` when it cannot be looked at.
    static func damage(path: String, configuration: Configuration) throws -> String? {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            throw DatabaseError(resultCode: .SQLITE_CANTOPEN)
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let size = attributes?[.size] as? NSNumber, size.int64Value > 0 else { return nil }
        var configuration = configuration
        configuration.readonly = true
        do {
            let queue = try DatabaseQueue(path: name(toRead: path), configuration: configuration)
            defer { try? queue.close() }
            return try queue.read { db in
                try refuseForeign(db, path: path)
                try refuseNewer(db, path: path)
                return try firstFault(db)
            }
        } catch let error as DatabaseError where error.isDamage {
            return error.message ?? "\(error.resultCode.rawValue)"
        }
    }

    /// How SQLite is to be told which database it reads: it wants to put its files beside one that was closed in good
    /// order, unless it knows that nobody writes.
    static func name(toRead path: String) -> String {
        let files = FileManager.default
        let url = URL(fileURLWithPath: path)
        let log = (try? files.attributesOfItem(atPath: path + "-wal"))?[.size] as? NSNumber
        guard !files.isWritableFile(atPath: url.deletingLastPathComponent().path), (log?.int64Value ?? 0) == 0 else {
            return path
        }
        return url.absoluteString + "?immutable=1"
    }

    private static func refuseForeign(_ db: Database, path: String) throws {
        guard try Int32.fetchOne(db, sql: "PRAGMA application_id") != StoreMigrations.applicationID,
            // A process that died while it made its database leaves no more than this one table.
            try Bool.fetchOne(db, sql: "SELECT count(*) > 0 FROM sqlite_schema WHERE name NOT LIKE '%grdb_migrations%'")
                == true
        else { return }
        throw StoreProblem.unreadable(
            "\(path) is the database of another program; it was left as it is. Set store.url to another file.")
    }

    private static func refuseNewer(_ db: Database, path: String) throws {
        guard try StoreMigrations.migrator().hasBeenSuperseded(db) else { return }
        throw StoreProblem.unreadable(
            """
            \(path) was written by a newer version of Shunt; it was left as it is. Start that version, or set store.url \
            to another file.
            """)
    }

    /// Reads every page. That is some milliseconds for what overrides and their trail need.
    private static func firstFault(_ db: Database) throws -> String? {
        let answer = try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
        guard answer != "ok" else { return nil }
        return (answer ?? "unknown").split(separator: "\n").joined(separator: " ")
    }
}

extension DatabaseError {
    /// Whether the file itself is broken, as opposed to locked, forbidden or not there.
    var isDamage: Bool { resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB }
}
