import Foundation
import ShuntCore

@testable import ShuntStore

/// A temporary directory with a database in it, removed at the end.
struct StoreFolder: ~Copyable {
    let directory: URL
    var path: String { directory.appendingPathComponent("shunt.db").path }

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// Names of the files in it, sorted, without the log and the shared memory of the database.
    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path)
            .filter { !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }.sorted()
    }
}

func override(_ route: String, _ value: String, at: Int64 = 1_000, reason: String = "trial") -> StoredOverride {
    StoredOverride(
        subject: .route(route), value: value, at: UnixTime(milliseconds: at), by: "ada@desk", reason: reason)
}

func entry(_ subject: String, from: String = "legacy", to: String = "25%", at: Int64 = 1_000) -> AuditEntry {
    AuditEntry(
        at: UnixTime(milliseconds: at), by: "ada@desk", action: .set, subject: subject, from: from, to: to,
        reason: "trial")
}

/// The text of a problem that `body` is to throw; nil when it throws none.
func problem(_ body: () async throws -> Void) async -> StoreProblem? {
    do {
        try await body()
        return nil
    } catch {
        return error as? StoreProblem
    }
}

extension StoreProblem {
    var isUnwritable: Bool {
        if case .unwritable = self { true } else { false }
    }
}
