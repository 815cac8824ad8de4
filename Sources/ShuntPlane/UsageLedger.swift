package import Logging
import ShuntConcurrency
package import ShuntCore

/// Brings what the workers count to the store, and tells what is there. What the store does not take waits, bounded, and
/// is tried again with the next flush.
package actor UsageLedger {
    /// Rows that an answer is made of at most: the latest days.
    private static let mostRows = 200_000

    private let settings: UsageSettings
    private let store: any UsageStore
    private let log: EventLog
    private let logger: Logger
    private let counted: @Sendable () async -> UsageBatch
    private let clock: @Sendable () -> UnixTime
    private let uptime: @Sendable () -> Duration

    private var book: UsageBook
    /// Days that the store knows to be watched.
    private var watched: Set<WatchedDay> = []
    private var forgotBefore: UsageDay?
    /// What the clocks said when the wall clock was first seen to go as it goes now.
    private var steady: (wall: UnixTime, uptime: Duration)?
    private var problem: String?
    /// For metrics.
    package private(set) var figures = UsageFigures()
    /// Flushes and looks, one after the other: rows that are being written are neither in the book nor in the store, and
    /// who read then would miss them.
    private let turns = SerialQueue()

    /// - Parameters:
    ///   - uptime: a clock that nobody sets.
    ///   - counted: takes out what the workers counted since it was called last.
    package init(
        settings: UsageSettings, store: any UsageStore, log: EventLog, logger: Logger,
        clock: @escaping @Sendable () -> UnixTime = { .now },
        uptime: @escaping @Sendable () -> Duration = UsageLedger.uptime(),
        counted: @escaping @Sendable () async -> UsageBatch
    ) {
        self.settings = settings
        self.store = store
        self.log = log
        self.logger = logger
        self.clock = clock
        self.uptime = uptime
        self.counted = counted
        book = UsageBook(maxClients: settings.maxClients)
    }

    /// Writes what was counted, in one transaction.
    ///
    /// - Parameter endpoints: those that are watched.
    package func flush(_ endpoints: EndpointTable) async {
        await turns.run { await self.write(endpoints) }
    }

    private func write(_ endpoints: EndpointTable) async {
        book.add(await counted())
        let today = UsageDay(clock())
        watched = watched.filter { today.days(since: $0.day) < 2 }
        let news = endpoints.legacyPaths.map { WatchedDay(endpoint: $0, day: today) }.filter { !watched.contains($0) }
        let rows = book.take()
        guard !rows.isEmpty || !news.isEmpty else { return }
        do {
            try await store.add(rows, watched: news)
            watched.formUnion(news)
            figures.written += 1
            figures.waitingRows = book.count
            if problem != nil { logger.notice("the usage ledger is written again") }
            problem = nil
        } catch {
            return failed(error, rows: rows)
        }
        await forget(today)
    }

    /// Counts from when it is made.
    private static func uptime() -> @Sendable () -> Duration {
        let start = ContinuousClock.now
        return { start.duration(to: .now) }
    }

    /// How long a wall clock must have gone on as any clock does before something is deleted by it. A machine that boots
    /// or wakes up may be years ahead until it is told the time.
    private static let trial = Duration.seconds(3600)

    private func isClockSteady() -> Bool {
        let (wall, uptime) = (clock(), uptime())
        guard let steady else {
            self.steady = (wall, uptime)
            return false
        }
        let went = Duration.milliseconds(wall.milliseconds - steady.wall.milliseconds)
        let passed = uptime - steady.uptime
        guard went - passed < Self.trial, passed - went < Self.trial else {
            self.steady = (wall, uptime)
            return false
        }
        return passed >= Self.trial
    }

    /// Once a day, old days go and older months are summed up. Should that fail, the next flush tries again.
    private func forget(_ today: UsageDay) async {
        let first = today.adding(-settings.keepDays)
        guard isClockSteady(), forgotBefore != first else { return }
        do {
            try await store.forget(before: first)
            try await store.compact(before: today.adding(-UsageDay.keptSingly))
            forgotBefore = first
        } catch {
            logger.debug("old days of the usage ledger are still there", metadata: ["problem": "\(error)"])
        }
    }

    private func failed(_ error: any Error, rows: [UsageRow]) {
        let lost = book.putBack(rows)
        figures.failed += 1
        figures.lostRows += lost
        figures.waitingRows = book.count
        let text = (error as? StoreProblem)?.text ?? "\(error)"
        if problem != text {
            log.add("usage_not_written", level: "error", text)
            logger.error("the usage ledger cannot be written: what is counted waits", metadata: ["problem": "\(text)"])
        }
        if lost > 0 {
            log.add("usage_lost", level: "error", "\(lost) rows of the usage ledger waited too long and are lost")
            logger.error("rows of the usage ledger waited too long and are lost", metadata: ["count": "\(lost)"])
        }
        problem = text
    }

    // MARK: Telling

    private func read(
        from first: UsageDay, endpoint: String?
    ) async throws(ControlProblem) -> ([UsageRow], [WatchedDay]) {
        do {
            let kept = try await store.usage(
                first...max(first, UsageDay(number: .max)), endpoint: endpoint, limit: Self.mostRows)
            var days = try await store.watchedDays()
            // Of days that were not read nobody can say that they were quiet.
            if kept.count >= Self.mostRows, let last = kept.map(\.day).min() { days.removeAll { $0.day <= last } }
            return (kept + book.rows(of: endpoint), days)
        } catch {
            throw .store((error as? StoreProblem)?.text ?? "\(error)")
        }
    }

    /// What the store has and what waits for it, up to now.
    package func report(
        _ query: UsageQuery, endpoints: EndpointTable
    ) async throws(ControlProblem) -> UsageReport {
        let now = clock()
        let today = UsageDay(now)
        let first = today.adding(-settings.keepDays).firstOfMonth
        let (rows, days) = try await turns.run { () async throws(ControlProblem) -> ([UsageRow], [WatchedDay]) in
            await self.write(endpoints)
            return try await self.read(from: first, endpoint: query.endpoint)
        }
        let paths = endpoints.legacyPaths.filter { query.endpoint == nil || $0 == query.endpoint }
        let byEndpoint = Dictionary(grouping: rows, by: \.key.endpoint)
        let watchedByEndpoint = Dictionary(grouping: days, by: \.endpoint).mapValues { $0.map(\.day) }
        return UsageReport(
            since: query.since, through: today, by: query.by,
            groups: UsageGroup.groups(of: rows.filter { $0.day >= query.since }, by: query.by),
            verdicts: paths.map { path in
                EndpointVerdict(
                    endpoint: path, rows: byEndpoint[path] ?? [], watched: watchedByEndpoint[path] ?? [],
                    quietPeriod: settings.quietPeriod, now: now)
            },
            problem: problem)
    }
}
