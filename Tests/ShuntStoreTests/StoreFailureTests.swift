import Foundation
import GRDB
import ShuntCore
import Testing

@testable import ShuntStore

/// Writes that fail leave nothing half done, say why, and succeed again when the cause is gone.
@Suite struct StoreFailureTests {
    @Test
    func `a full disk refuses the override and its line together`() async throws {
        let folder = try StoreFolder()
        try SQLiteStore.open(path: folder.path).store.close()
        let opening = try StoreDatabase.open(path: folder.path) { try $0.execute(sql: "PRAGMA max_page_count = 28") }
        let store = SQLiteStore(opening.database)
        defer { store.close() }
        var written = 0
        var refusal: StoreProblem?
        for number in 0..<400 where refusal == nil {
            refusal = await problem {
                try await store.put(
                    override("r\(number)", "25%", reason: String(repeating: "y", count: 500)), entry("r\(number)"))
                written += 1
            }
        }
        #expect(refusal?.isUnwritable == true)
        #expect(refusal?.text.contains("disk is full (SQLite 13)") == true)
        #expect(written > 10)
        #expect(try await store.overrides().count == written)
        #expect(try await store.audit(limit: 999, before: nil).count == written)
        // What needs no more room still works.
        try await store.remove(.route("r0"), entry("r0", from: "", to: ""))
        #expect(try await store.overrides().count == written - 1)
    }

    @Test
    func `a full disk at the first start is a clear refusal`() async throws {
        let folder = try StoreFolder()
        let refusal = await problem {
            _ = try StoreDatabase.open(path: folder.path) { try $0.execute(sql: "PRAGMA max_page_count = 2") }
        }
        #expect(refusal?.text.contains("disk is full") == true)
        let opening = try SQLiteStore.open(path: folder.path)
        #expect(opening.notes == [])
        opening.store.close()
    }

    @Test
    func `a full disk at a later start leaves what is in force`() async throws {
        let folder = try StoreFolder()
        let before = try SQLiteStore.open(path: folder.path).store
        try await before.put(override("guide", "25%"), entry("guide"))
        before.close()
        let opening = try StoreDatabase.open(path: folder.path) { try $0.execute(sql: "PRAGMA max_page_count = 1") }
        let store = SQLiteStore(opening.database)
        defer { store.close() }
        #expect(opening.notes.first?.contains("disk is full") == true)
        let refusal = await problem { try await store.record(entry("guide")) }
        #expect(refusal?.text.contains("disk is full") == true && refusal?.isUnwritable == true)
        #expect(try await store.overrides() == [override("guide", "25%")])
    }

    @Test
    func `a file that cannot be written still tells what is in force`() async throws {
        let folder = try StoreFolder()
        let before = try SQLiteStore.open(path: folder.path).store
        try await before.put(override("guide", "25%"), entry("guide"))
        before.close()
        let opening = try StoreDatabase.open(path: folder.path) { try $0.execute(sql: "PRAGMA query_only = 1") }
        let store = SQLiteStore(opening.database)
        defer { store.close() }
        #expect(opening.notes.count == 1)
        #expect(opening.notes.first?.contains("read-only (SQLite 8)") == true)
        let refusal = await problem { try await store.put(override("guide", "50%"), entry("guide")) }
        #expect(refusal?.isUnwritable == true)
        #expect(refusal?.text.contains("read-only") == true)
        #expect(try await store.overrides() == [override("guide", "25%")])
        #expect(try await store.audit(limit: 9, before: nil).count == 1)
    }

    @Test(.enabled(if: geteuid() != 0, "nothing is read-only for root"), arguments: [0o444, 0o000])
    func `a file without its permissions is a clear refusal`(mode: Int) async throws {
        let folder = try StoreFolder()
        let before = try SQLiteStore.open(path: folder.path).store
        try await before.put(override("guide", "25%"), entry("guide"))
        before.close()
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path)
        if mode == 0 {
            let refusal = await problem { _ = try SQLiteStore.open(path: folder.path) }
            #expect(refusal?.text.contains("may not read or write it") == true)
        } else {
            let opening = try SQLiteStore.open(path: folder.path)
            #expect(opening.notes.first?.contains("read-only") == true)
            #expect(try await opening.store.overrides().count == 1)
            opening.store.close()
        }
    }

    private var leavingTransactionsOpen: Configuration {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        return configuration
    }

    @Test
    func `another process's lock is waited for, then said`() async throws {
        let folder = try StoreFolder()
        let database = try StoreDatabase.open(path: folder.path, busyTimeout: 0.05).database
        let store = SQLiteStore(database)
        defer { store.close() }
        let other = try DatabaseQueue(path: folder.path, configuration: leavingTransactionsOpen)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let refusal = await problem { try await store.put(override("guide", "25%"), entry("guide")) }
        #expect(refusal?.isUnwritable == true)
        #expect(refusal?.text.contains("locked by another process") == true)
        #expect(try await store.overrides().isEmpty)
        #expect(try await store.audit(limit: 9, before: nil).isEmpty)
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try await store.put(override("guide", "25%"), entry("guide"))
        #expect(try await store.overrides().count == 1)
    }

    @Test
    func `a file that another process has for itself cannot be opened`() async throws {
        let folder = try StoreFolder()
        try alter(folder.path, "PRAGMA journal_mode = DELETE")
        let other = try DatabaseQueue(path: folder.path, configuration: leavingTransactionsOpen)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE; CREATE TABLE t (x)") }
        let refusal = await problem { _ = try StoreDatabase.open(path: folder.path, busyTimeout: 0.05) }
        #expect(refusal?.text.contains("locked by another process") == true)
        #expect(refusal?.isUnwritable == true)
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    }

    @Test
    func `a file that was removed while open takes no more changes`() async throws {
        let folder = try StoreFolder()
        let store = try SQLiteStore.open(path: folder.path).store
        defer { store.close() }
        try await store.put(override("guide", "25%"), entry("guide"))
        try FileManager.default.removeItem(atPath: folder.path)
        let refusal = await problem { try await store.put(override("guide", "50%"), entry("guide")) }
        #expect(refusal?.text.contains("removed or replaced") == true)
    }

    @Test
    func `a closed store fails its calls`() async throws {
        let folder = try StoreFolder()
        let store = try SQLiteStore.open(path: folder.path).store
        store.close()
        let write = await problem { try await store.record(entry("guide")) }
        let read = await problem { _ = try await store.overrides() }
        #expect(write?.isUnwritable == true)
        #expect(read != nil)
    }

    @Test
    func `a cancelled caller is told what happened`() async throws {
        let folder = try StoreFolder()
        let store = try SQLiteStore.open(path: folder.path).store
        defer { store.close() }
        let change = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await store.put(override("guide", "25%"), entry("guide"))
        }
        try await change.value
        #expect(try await store.overrides() == [override("guide", "25%")])
    }

    @Test
    func `a problem never repeats what was to be written`() async throws {
        let folder = try StoreFolder()
        let store = try SQLiteStore.open(path: folder.path).store
        defer { store.close() }
        try alter(folder.path, "DROP TABLE override")
        let refusal = await problem {
            try await store.put(override("guide", "25%", reason: "Tuesday's plan"), entry("guide"))
        }
        let text = try #require(refusal?.text)
        #expect(!text.contains("Tuesday") && !text.contains("INSERT"))
        #expect(text.contains("no such table"))
    }
}
