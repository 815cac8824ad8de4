import Logging
import ShuntCore
import ShuntPlane
import ShuntStore
import Synchronization
import Testing

/// A ledger store that fails when it is told to.
private final class FlakyUsageStore: UsageStore {
    private let inner = MemoryUsageStore()
    private let fails = Mutex(false)

    func fail(_ fails: Bool) { self.fails.withLock { $0 = fails } }

    func hashKey() async throws -> UsageHashKey { await inner.hashKey() }
    func add(_ rows: [UsageRow], watched: [WatchedDay]) async throws {
        if fails.withLock({ $0 }) { throw StoreProblem.unwritable("shunt.db: the disk is full") }
        await inner.add(rows, watched: watched)
    }
    func usage(_ days: ClosedRange<UsageDay>, endpoint: String?, limit: Int) async throws -> [UsageRow] {
        await inner.usage(days, endpoint: endpoint, limit: limit)
    }
    func watchedDays() async throws -> [WatchedDay] { await inner.watchedDays() }
    func compact(before first: UsageDay) async throws { await inner.compact(before: first) }
    func forget(before first: UsageDay) async throws { await inner.forget(before: first) }
}

/// A ledger with a clock of the test's own, and what the workers are to have counted.
private struct Books {
    let store = FlakyUsageStore()
    let log = EventLog()
    let ledger: UsageLedger
    let endpoints: EndpointTable
    private let time: SharedTime
    private let counted: SharedBatch

    static let start = UnixTime(milliseconds: 1_795_348_800_000)

    init(keepDays: Int = 400) throws {
        var definition = TableDefinition()
        definition.upstreams = [
            UpstreamSettings(name: "guide", address: UpstreamAddress(host: "127.0.0.1", port: 7101, path: "/"))
        ]
        var route = RouteSettings(name: "guide", match: ["guide"], servedBy: .legacy, legacy: 0)
        route.endpoint = EndpointSettings(path: "/old")
        definition.routes = [route]
        endpoints = try RoutingTable(definition).endpoints
        let (time, counted) = (SharedTime(), SharedBatch())
        (self.time, self.counted) = (time, counted)
        var settings = UsageSettings()
        settings.keepDays = keepDays
        ledger = UsageLedger(
            settings: settings, store: store, log: log,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: { time.now },
            uptime: { time.uptime },
            counted: { counted.take() })
    }

    func count(_ messages: Int) {
        var counts = UsageCounts()
        counts.messages = messages
        (counts.firstSeen, counts.lastSeen) = (time.now, time.now)
        counted.add(
            UsageRow(
                day: UsageDay(time.now), key: UsageKey(endpoint: "/old", route: "guide", app: "web"), counts: counts))
    }

    func pass(days: Int64) { time.pass(days * UsageDay.length) }

    func pass(hours: Int64) { time.pass(hours * 3_600_000) }

    func setClock(daysAhead days: Int64) { time.set(ahead: days * UsageDay.length) }

    func report(since days: Int = 30) async throws -> UsageReport {
        try await ledger.report(UsageQuery(since: UsageDay(time.now).adding(-days)), endpoints: endpoints)
    }

    func days(since days: Int) async throws -> [UsageGroup] {
        let query = UsageQuery(since: UsageDay(time.now).adding(-days), by: [.day])
        return try await ledger.report(query, endpoints: endpoints).groups
    }

    func messages(since days: Int = 30) async throws -> Int {
        try await report(since: days).groups.reduce(0) { $0 + $1.counts.messages }
    }
}

private final class SharedTime: Sendable {
    private let value = Mutex((wall: Books.start, up: Duration.zero))
    var now: UnixTime { value.withLock { $0.wall } }
    var uptime: Duration { value.withLock { $0.up } }
    func pass(_ milliseconds: Int64) {
        value.withLock {
            $0.wall.milliseconds += milliseconds
            $0.up += .milliseconds(milliseconds)
        }
    }
    /// Somebody sets the wall clock.
    func set(ahead milliseconds: Int64) { value.withLock { $0.wall.milliseconds += milliseconds } }
}

private final class SharedBatch: Sendable {
    private let value = Mutex(UsageBatch())
    func add(_ row: UsageRow) { value.withLock { $0.rows.append(row) } }
    func take() -> UsageBatch {
        value.withLock { batch in
            defer { batch = UsageBatch() }
            return batch
        }
    }
}

@Suite struct UsageLedgerTests {
    @Test func `what was counted is told at once`() async throws {
        let books = try Books()
        books.count(3)
        #expect(try await books.messages() == 3)
        books.count(2)
        #expect(try await books.messages() == 5)
    }

    @Test func `what the store does not take waits, is told, and is written once`() async throws {
        let books = try Books()
        books.store.fail(true)
        books.count(3)
        await books.ledger.flush(books.endpoints)
        await books.ledger.flush(books.endpoints)
        #expect(books.log.events(after: 0, limit: 9).map(\.kind) == ["usage_not_written"])
        let failing = try await books.report()
        #expect(failing.problem == "shunt.db: the disk is full")
        #expect(failing.groups.map(\.counts.messages) == [3])
        books.store.fail(false)
        let written = try await books.report()
        #expect(written.problem == nil)
        #expect(written.groups.map(\.counts.messages) == [3])
        #expect(try await books.messages() == 3)
    }

    @Test func `an endpoint is watched on each day on which the proxy runs`() async throws {
        let books = try Books()
        books.count(1)
        for _ in 0..<14 {
            await books.ledger.flush(books.endpoints)
            books.pass(days: 1)
            let verdict = try #require(try await books.report().verdicts.first)
            #expect(verdict.judgement != .safeToRemove || verdict.quietDaysWatched >= 14)
        }
        #expect(try await books.report().verdicts.first?.judgement == .safeToRemove)
    }

    @Test func `a clock that is wrong for a while deletes nothing`() async throws {
        let books = try Books(keepDays: 30)
        books.count(3)
        await books.ledger.flush(books.endpoints)
        books.pass(hours: 2)
        await books.ledger.flush(books.endpoints)
        books.setClock(daysAhead: 500)
        for _ in 0..<3 {
            books.count(1)
            await books.ledger.flush(books.endpoints)
            books.pass(hours: 0)
        }
        books.setClock(daysAhead: -500)
        #expect(try await books.days(since: 20).first?.counts.messages == 3)
        #expect(try await books.report().verdicts.first?.daysWatched == 1)
    }

    @Test func `a ledger that starts under a wrong clock deletes nothing before an hour is over`() async throws {
        let books = try Books(keepDays: 30)
        try await books.store.add(
            [
                UsageRow(
                    day: UsageDay(Books.start), key: UsageKey(endpoint: "/old", route: "guide", app: "web"),
                    counts: UsageCounts())
            ], watched: [])
        books.setClock(daysAhead: 500)
        books.count(1)
        await books.ledger.flush(books.endpoints)
        books.setClock(daysAhead: -500)
        #expect(try await books.days(since: 20).first?.day == UsageDay(Books.start))
    }

    @Test func `months that are long over are summed up, and nothing of them is lost`() async throws {
        let books = try Books()
        for _ in 0..<40 {
            books.count(1)
            books.pass(days: 1)
        }
        #expect(try await books.days(since: 400).count == 40)
        books.pass(days: 150)
        let days = try await books.days(since: 400)
        #expect(days.map(\.day?.text) == ["2026-11-01", "2026-12-01"])
        #expect(days.map(\.counts.messages) == [9, 31])
        #expect(try await books.report().verdicts.first?.quietSince?.text == "2027-01-01")
    }

    @Test func `days past the time that is kept go with their month`() async throws {
        let books = try Books(keepDays: 30)
        books.count(1)
        #expect(try await books.messages(since: 90) == 1)
        books.pass(days: 38)
        #expect(try await books.messages(since: 90) == 1)
        books.pass(days: 1)
        #expect(try await books.messages(since: 90) == 0)
    }
}
