import Foundation
import GRDB
import ShuntCore
import Testing

@testable import ShuntStore

/// Both implementations keep the same promises.
private enum Kind: CaseIterable {
    case memory, sqlite

    func make(_ folder: borrowing StoreFolder) throws -> any UsageStore {
        switch self {
        case .memory: MemoryUsageStore()
        case .sqlite: SQLiteUsageStore(try SQLiteStore.open(path: folder.path).store.database)
        }
    }
}

private func row(_ day: Int32, app: String = "web", messages: Int = 1, session: UInt64 = 1, at: Int64? = 1000)
    -> UsageRow
{
    var counts = UsageCounts()
    counts.messages = messages
    counts.sockets = 1
    counts.bytesIn = 10
    counts.sessions.add(session &* 0x9E37_79B9_7F4A_7C15)
    counts.firstSeen = at.map(UnixTime.init(milliseconds:))
    counts.lastSeen = counts.firstSeen
    return UsageRow(
        day: UsageDay(number: day), key: UsageKey(endpoint: "/old", route: "r", app: app, tenant: nil, origin: "o"),
        counts: counts)
}

private let ever = UsageDay(number: .min)...UsageDay(number: .max)

@Suite struct UsageStoreTests {
    @Test(arguments: Kind.allCases)
    private func `rows add up`(kind: Kind) async throws {
        let folder = try StoreFolder()
        let store = try kind.make(folder)
        try await store.add([row(1, at: 2000), row(2)], watched: [])
        try await store.add([row(1, messages: 4, session: 2, at: 1000), row(1, app: "", at: nil)], watched: [])
        try await store.add([row(1, messages: 1, session: 2, at: nil)], watched: [])
        let rows = try await store.usage(ever, endpoint: nil, limit: 100)
        #expect(rows.map(\.day.number) == [1, 1, 2])
        #expect(rows.map(\.key.app) == ["", "web", "web"])
        let sum = try #require(rows.dropFirst().first?.counts)
        let numbers: [Int] = [sum.messages, sum.sockets, sum.bytesIn, sum.sessions.count]
        #expect(numbers == [6, 3, 30, 2])
        #expect(sum.firstSeen?.milliseconds == 1000)
        #expect(sum.lastSeen?.milliseconds == 2000)
        #expect(rows.first?.counts.lastSeen == nil)
        #expect(rows.first?.key.tenant == nil)
    }

    @Test(arguments: Kind.allCases)
    private func `days and endpoints are chosen, and of too many the latest days`(kind: Kind) async throws {
        let folder = try StoreFolder()
        let store = try kind.make(folder)
        // The last two days of January 1970, and the first three of February.
        try await store.add((29...33).map { row($0) }, watched: [])
        let some = try await store.usage(
            UsageDay(number: 30)...UsageDay(number: 32), endpoint: "/old", limit: 2)
        #expect(some.map(\.day.number) == [31, 32])
        #expect(try await store.usage(ever, endpoint: "/new", limit: 9).isEmpty)
        try await store.forget(before: UsageDay(number: 33))
        #expect(
            try await store.usage(ever, endpoint: nil, limit: 9).map(\.day.number) == [31, 32, 33],
            "a month goes as a whole")
    }

    @Test func `a sum that is too large for its column does not stop what is written beside it`() async throws {
        let folder = try StoreFolder()
        let store = try Kind.sqlite.make(folder)
        var large = row(31)
        large.counts.bytesIn = .max
        try await store.add([large, row(32)], watched: [])
        try await store.add([large, row(31), row(32)], watched: [])
        let rows = try await store.usage(ever, endpoint: nil, limit: 9)
        #expect(rows.map(\.counts.bytesIn) == [.max, 20])
        #expect(rows.map(\.counts.messages) == [3, 2])
    }

    @Test(arguments: Kind.allCases)
    private func `a day is watched once, however often it is said`(kind: Kind) async throws {
        let folder = try StoreFolder()
        let store = try kind.make(folder)
        let days = [2, 1, 2].map { WatchedDay(endpoint: "/old", day: UsageDay(number: $0)) }
        for day in days { try await store.add([], watched: [day]) }
        #expect(try await store.watchedDays().map(\.day.number) == [1, 2])
        try await store.forget(before: UsageDay(number: 2))
        #expect(try await store.watchedDays().map(\.day.number) == [2])
    }

    @Test(arguments: Kind.allCases)
    private func `months that ended before a day are summed up on their first day, once`(kind: Kind) async throws {
        let folder = try StoreFolder()
        let store = try kind.make(folder)
        // 2026-10-30 to 2026-12-03.
        let first = try #require(UsageDay(text: "2026-10-30")).number
        try await store.add((0..<35).map { row(first + $0, session: UInt64($0), at: Int64($0)) }, watched: [])
        try await store.add([row(first, app: "bot")], watched: [])
        for _ in 0..<2 { try await store.compact(before: UsageDay(text: "2026-12-02") ?? UsageDay(number: 0)) }
        let rows = try await store.usage(ever, endpoint: nil, limit: 99)
        #expect(
            rows.map(\.day.text) == [
                "2026-10-01", "2026-10-01", "2026-11-01", "2026-12-01", "2026-12-02", "2026-12-03",
            ])
        #expect(rows.map(\.counts.messages) == [1, 2, 30, 1, 1, 1])
        #expect(rows.map(\.counts.sessions.count) == [1, 2, 30, 1, 1, 1])
        #expect(rows[2].counts.firstSeen?.milliseconds == 2)
        #expect(rows[2].counts.lastSeen?.milliseconds == 31)
    }

    @Test func `two that write at once lose nothing`() async throws {
        let folder = try StoreFolder()
        let path = folder.path
        let stores = try (0..<2).map { _ in SQLiteUsageStore(try SQLiteStore.open(path: path).store.database) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, store) in stores.enumerated() {
                group.addTask {
                    for round in 0..<50 {
                        try await store.add([row(1, session: UInt64(number * 100 + round))], watched: [])
                    }
                }
            }
            try await group.waitForAll()
        }
        let rows = try await stores[0].usage(ever, endpoint: nil, limit: 9)
        #expect(rows.map(\.counts.messages) == [100])
        #expect(rows.map(\.counts.sessions.count) == [100])
    }

    @Test func `a store that is closed has everything in its file`() async throws {
        let folder = try StoreFolder()
        let opening = try SQLiteStore.open(path: folder.path)
        let store = SQLiteUsageStore(opening.store.database)
        try await store.add([row(1)], watched: [])
        _ = try await store.usage(ever, endpoint: nil, limit: 9)
        opening.store.close()
        let log = try? FileManager.default.attributesOfItem(atPath: folder.path + "-wal")[.size] as? Int
        #expect(log ?? 0 == 0)
        try? FileManager.default.removeItem(atPath: folder.path + "-wal")
        let again = SQLiteUsageStore(try SQLiteStore.open(path: folder.path).store.database)
        #expect(try await again.usage(ever, endpoint: nil, limit: 9).map(\.counts.messages) == [1])
    }

    @Test func `the key of its hashes outlives a restart`() async throws {
        let folder = try StoreFolder()
        let first = try await SQLiteUsageStore(SQLiteStore.open(path: folder.path).store.database).hashKey()
        let second = try await SQLiteUsageStore(SQLiteStore.open(path: folder.path).store.database).hashKey()
        #expect(first == second)
        #expect(first != UsageHashKey(low: 0, high: 0))
    }

    @Test func `of rows that cannot be written, none is`() async throws {
        let folder = try StoreFolder()
        let opening = try SQLiteStore.open(path: folder.path)
        let store = SQLiteUsageStore(opening.store.database)
        try FileManager.default.removeItem(atPath: folder.path)
        let found = await problem { try await store.add([row(1)], watched: []) }
        #expect(found?.isUnwritable == true)
    }

    @Test func `a sketch that is none is said by a reader, and begun anew by a writer`() async throws {
        let folder = try StoreFolder()
        let opening = try SQLiteStore.open(path: folder.path)
        let store = SQLiteUsageStore(opening.store.database)
        try await store.add([row(1)], watched: [])
        try await DatabaseQueue(path: folder.path).write { try $0.execute(sql: "UPDATE usage SET sessions = x'07'") }
        #expect(await problem { _ = try await store.usage(ever, endpoint: nil, limit: 9) } != nil)
        try await store.add([row(1, session: 5)], watched: [])
        let rows = try await store.usage(ever, endpoint: nil, limit: 9)
        #expect(rows.map(\.counts.messages) == [2])
        #expect(rows.map(\.counts.sessions.count) == [1])
    }
}
