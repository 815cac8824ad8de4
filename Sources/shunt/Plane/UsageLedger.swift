package import Logging
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

    private var book: UsageBook
    /// Days that the store knows to be watched.
    private var watched: Set<WatchedDay> = []
    private var forgotBefore: UsageDay?
    private var problem: String?
    /// For metrics.
    package private(set) var figures = UsageFigures()
    /// The flush that was begun last: the next one waits for it.
    private var last: Task<Void, Never>?

    /// - Parameter counted: takes out what the workers counted since it was called last.
    package init(
        settings: UsageSettings, store: any UsageStore, log: EventLog, logger: Logger,
        clock: @escaping @Sendable () -> UnixTime = { .now }, counted: @escaping @Sendable () async -> UsageBatch
    ) {
        self.settings = settings
        self.store = store
        self.log = log
        self.logger = logger
        self.clock = clock
        self.counted = counted
        book = UsageBook(maxClients: settings.maxClients)
    }

    /// Writes what was counted, in one transaction.
    ///
    /// - Parameter endpoints: those that are watched.
    package func flush(_ endpoints: EndpointTable) async {
        let before = last
        let work = Task {
            await before?.value
            await self.write(endpoints)
        }
        last = work
        await work.value
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

    /// Once a day, old days go. Should that fail, the next flush tries again.
    private func forget(_ today: UsageDay) async {
        let first = today.adding(-settings.keepDays)
        guard forgotBefore != first, (try? await store.forget(before: first)) != nil else { return }
        forgotBefore = first
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

    /// What the store has and what waits for it, up to now.
    package func report(
        _ query: UsageQuery, endpoints: EndpointTable
    ) async throws(ControlProblem) -> UsageReport {
        await flush(endpoints)
        let now = clock()
        let today = UsageDay(now)
        let kept: [UsageRow]
        let days: [WatchedDay]
        do {
            let first = today.adding(-settings.keepDays)
            kept = try await store.usage(
                first...max(first, UsageDay(number: .max)), endpoint: query.endpoint, limit: Self.mostRows)
            days = try await store.watchedDays()
        } catch {
            throw .store((error as? StoreProblem)?.text ?? "\(error)")
        }
        let rows = kept + book.rows(of: query.endpoint)
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
