import Foundation
import ShuntCore

/// Keeps a broken database for whoever wants to rescue something from it.
enum BrokenFile {
    /// Renames a database to `NAME.corrupt-<unix seconds>`, and its `-wal` and `-shm` with it.
    ///
    /// - Returns: what people should be told.
    static func moveAside(path: String, damage: String) throws(StoreProblem) -> String {
        let files = FileManager.default
        let target = freeName(path)
        do {
            // The log goes first: a process that dies in between must not leave it beside a new, empty database.
            for suffix in ["-wal", "-shm", ""] where files.fileExists(atPath: path + suffix) {
                try files.moveItem(atPath: path + suffix, toPath: target + suffix)
            }
        } catch {
            throw .unreadable(
                """
                \(path) is broken (\(damage)) and cannot be moved aside to \(target). Move it away, or set store.url \
                to another file.
                """)
        }
        return """
            \(path) was broken (\(damage)). It was moved to \(target) and a new one begun: overrides that were set are \
            no longer in force, the configuration file decides. Set them again, or put a backup in its place and \
            restart.
            """
    }

    private static func freeName(_ path: String) -> String {
        let name = "\(path).corrupt-\(Int64(Date().timeIntervalSince1970))"
        var candidate = name
        var number = 1
        while FileManager.default.fileExists(atPath: candidate) {
            number += 1
            candidate = "\(name)-\(number)"
        }
        return candidate
    }
}
