import Foundation
import GRDB
import ShuntCore
import Testing

@testable import ShuntStore

@Suite struct StoreOpeningTests {
    @Test
    func `overrides and their trail survive a restart`() async throws {
        let folder = try StoreFolder()
        let opening = try SQLiteStore.open(path: folder.path)
        #expect(opening.notes == [])
        try await opening.store.put(override("guide", "25%"), entry("guide"))
        let trail = try await opening.store.audit(limit: 10, before: nil)
        opening.store.close()

        let again = try SQLiteStore.open(path: folder.path)
        #expect(again.notes == [])
        #expect(try await again.store.overrides() == [override("guide", "25%")])
        #expect(try await again.store.audit(limit: 10, before: nil) == trail)
        again.store.close()
    }

    @Test
    func `an empty file becomes a database`() async throws {
        let folder = try StoreFolder()
        try Data().write(to: URL(fileURLWithPath: folder.path))
        let opening = try SQLiteStore.open(path: folder.path)
        #expect(opening.notes == [])
        #expect(try folder.names() == ["shunt.db"])
        opening.store.close()
    }

    @Test
    func `two processes may have it open, each sees the other's changes`() async throws {
        let folder = try StoreFolder()
        let old = try SQLiteStore.open(path: folder.path).store
        let new = try SQLiteStore.open(path: folder.path).store
        try await old.put(override("guide", "25%"), entry("guide"))
        try await new.put(override("guide", "50%"), entry("guide"))
        #expect(try await old.overrides() == [override("guide", "50%")])
        #expect(try await old.audit(limit: 9, before: nil).count == 2)
        old.close()
        new.close()
    }

    @Test
    func `many processes may begin the same database at once`() async throws {
        let folder = try StoreFolder()
        let path = folder.path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    // More patience than by default, because a busy disk may take seconds for one of them.
                    let store = SQLiteStore(try StoreDatabase.open(path: path, busyTimeout: 60).database)
                    try await store.record(entry("r\(number)"))
                    store.close()
                }
            }
            try await group.waitForAll()
        }
        let store = try SQLiteStore.open(path: folder.path).store
        #expect(Set(try await store.audit(limit: 99, before: nil).map(\.subject)).count == 8)
        store.close()
    }

    @Test
    func `a database of a newer version is refused and left as it is`() async throws {
        let folder = try StoreFolder()
        try SQLiteStore.open(path: folder.path).store.close()
        try alter(folder.path, "INSERT INTO grdb_migrations VALUES ('99: things to come')")
        let before = try Data(contentsOf: URL(fileURLWithPath: folder.path))
        let refusal = await problem { _ = try SQLiteStore.open(path: folder.path) }
        #expect(refusal?.text.contains("newer version of Shunt") == true)
        #expect(refusal?.isUnwritable == false)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path)) == before)
        #expect(try folder.names() == ["shunt.db"])
    }

    @Test
    func `another program's database is refused and left as it is`() async throws {
        let folder = try StoreFolder()
        try alter(folder.path, "CREATE TABLE recipe (text)")
        let before = try Data(contentsOf: URL(fileURLWithPath: folder.path))
        let refusal = await problem { _ = try SQLiteStore.open(path: folder.path) }
        #expect(refusal?.text.contains("another program") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path)) == before)
    }

    @Test
    func `a start that was cut short is taken up again`() async throws {
        let folder = try StoreFolder()
        try alter(folder.path, "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
        let opening = try SQLiteStore.open(path: folder.path)
        #expect(opening.notes == [])
        try await opening.store.record(entry("guide"))
        opening.store.close()
    }

    @Test
    func `a line of the trail can be neither changed nor removed`() async throws {
        let folder = try StoreFolder()
        let store = try SQLiteStore.open(path: folder.path).store
        try await store.record(entry("guide"))
        store.close()
        for statement in ["UPDATE audit SET by = 'nobody'", "DELETE FROM audit"] {
            #expect(throws: DatabaseError.self) { try alter(folder.path, statement) }
        }
    }

    @Test
    func `a line with an action that this version does not know is named`() async throws {
        let folder = try StoreFolder()
        let store = try SQLiteStore.open(path: folder.path).store
        defer { store.close() }
        try alter(folder.path, "INSERT INTO audit VALUES (7, 1, 'x', 'dance', '', '', '', '')")
        let refusal = await problem { _ = try await store.audit(limit: 10, before: nil) }
        #expect(refusal?.text.contains("line 7") == true)
    }

    @Test(arguments: [
        ("", "directory"), ("missing/shunt.db", "does not exist"), ("file/shunt.db", "no directory"),
    ])
    func `a path that leads nowhere is a clear refusal`(name: String, says: String) async throws {
        let folder = try StoreFolder()
        try Data("x".utf8).write(to: folder.directory.appendingPathComponent("file"))
        let path = folder.directory.appendingPathComponent(name).path
        let refusal = await problem { _ = try SQLiteStore.open(path: path) }
        #expect(refusal?.text.contains(says) == true, "\(refusal?.text ?? "none")")
        #expect(refusal?.text.contains(path) == true)
        #expect(refusal?.isUnwritable == true)
    }
}

/// Does to a database what Shunt itself never would.
func alter(_ path: String, _ statement: String) throws {
    let queue = try DatabaseQueue(path: path)
    defer { try? queue.close() }
    try queue.writeWithoutTransaction { try $0.execute(sql: statement) }
}
