import Foundation
import ShuntCore
import Testing

@testable import ShuntStore

@Suite struct BrokenFileTests {
    /// What can have happened to a file of some hundred pages.
    enum Damage: String, CaseIterable {
        case text, zeroedHeader, truncated, truncatedInAPage, headerOnly, brokenPages, brokenSchema

        func apply(to data: inout Data) {
            let page = 4096
            switch self {
            case .text: data = Data("phase: parallel\nroutes: {}\n".utf8)
            case .zeroedHeader: data.replaceSubrange(0..<100, with: Data(count: 100))
            case .truncated: data = data.prefix(page * 3)
            case .truncatedInAPage: data = data.prefix(page * 5 + 77)
            case .headerOnly: data = data.prefix(100)
            case .brokenPages:
                for start in stride(from: page * 2, to: data.count - page, by: page * 2) {
                    data.replaceSubrange(start..<start + page, with: Data(repeating: 0xA5, count: page))
                }
            case .brokenSchema: data.replaceSubrange(100..<page, with: Data(repeating: 0xFF, count: page - 100))
            }
        }
    }

    @Test(arguments: Damage.allCases)
    func `a broken file is moved aside, said loudly, and a new one begun`(damage: Damage) async throws {
        let folder = try StoreFolder()
        let old = try SQLiteStore.open(path: folder.path).store
        try await old.put(override("guide", "25%"), entry("guide"))
        for number in 0..<400 {
            try await old.record(entry("r\(number)" + String(repeating: "x", count: 900)))
        }
        old.close()
        var data = try Data(contentsOf: URL(fileURLWithPath: folder.path))
        try #require(data.count > 4096 * 20)
        damage.apply(to: &data)
        try data.write(to: URL(fileURLWithPath: folder.path))

        let opening = try SQLiteStore.open(path: folder.path)
        defer { opening.store.close() }
        #expect(opening.notes.count == 1)
        let names = try folder.names()
        #expect(names.count == 2)
        let aside = try #require(names.first { $0.hasPrefix("shunt.db.corrupt-") })
        #expect(Int64(aside.dropFirst("shunt.db.corrupt-".count)) != nil)
        #expect(opening.notes.first?.contains(aside) == true)
        #expect(try Data(contentsOf: folder.directory.appendingPathComponent(aside)) == data)
        #expect(try await opening.store.overrides() == [])
        try await opening.store.put(override("guide", "1%"), entry("guide"))
        #expect(try await opening.store.overrides() == [override("guide", "1%")])
    }

    @Test
    func `a log that belonged to a broken file goes with it`() async throws {
        let folder = try StoreFolder()
        try Data("no database".utf8).write(to: URL(fileURLWithPath: folder.path))
        try Data("old log".utf8).write(to: URL(fileURLWithPath: folder.path + "-wal"))
        let opening = try SQLiteStore.open(path: folder.path)
        let aside = try #require(try folder.names().first { $0.contains(".corrupt-") })
        let log = folder.directory.appendingPathComponent(aside + "-wal")
        #expect(try Data(contentsOf: log) == Data("old log".utf8))
        opening.store.close()
    }

    @Test
    func `two broken files in one second are both kept`() async throws {
        let folder = try StoreFolder()
        for _ in 0..<3 {
            try Data("no database".utf8).write(to: URL(fileURLWithPath: folder.path))
            try SQLiteStore.open(path: folder.path).store.close()
        }
        #expect(try folder.names().count == 4)
    }

    @Test
    func `a file that breaks while it is open fails its calls and nothing else`() async throws {
        let folder = try StoreFolder()
        let store = try SQLiteStore.open(path: folder.path).store
        for number in 0..<200 { try await store.record(entry("r\(number)" + String(repeating: "x", count: 900))) }
        store.close()
        let opened = try SQLiteStore.open(path: folder.path).store
        defer { opened.close() }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path))
        try handle.seek(toOffset: 4096)
        try handle.write(contentsOf: Data(repeating: 0x5A, count: 4096 * 20))
        try handle.close()
        let refusal = await problem { _ = try await opened.audit(limit: 1_000, before: nil) }
        #expect(refusal?.text.contains("broken") == true)
        #expect(refusal?.isUnwritable == false)
    }
}
