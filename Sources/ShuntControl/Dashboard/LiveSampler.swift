import ServiceLifecycle
package import ShuntCore

/// Looks at the workers for the dashboard: often while somebody watches, else just often enough to know the last quarter
/// of an hour. One sampler serves all streams, and it never waits for a busy worker longer than `report` does.
package actor LiveSampler: Service {
    /// Between looks while somebody watches.
    package static let often = Duration.seconds(2)
    /// Between looks while nobody does.
    private static let seldom = Duration.seconds(5)
    /// How exactly looks are timed.
    private static let beat = Duration.milliseconds(500)

    private let report: @Sendable () async -> MetricsReport
    private let wall: @Sendable () -> UnixTime
    private let start = ContinuousClock.now
    private var window = LiveWindow()
    private var snapshot: LiveSnapshot?
    private var lastLook: ContinuousClock.Instant?
    private var isLooking = false
    private var watchers: [Int: AsyncStream<LiveSnapshot>.Continuation] = [:]
    private var lastWatcher = 0

    /// - Parameters:
    ///   - report: asks the workers, with bounded patience.
    ///   - wall: the time of day.
    package init(report: @escaping @Sendable () async -> MetricsReport, wall: @escaping @Sendable () -> UnixTime) {
        self.report = report
        self.wall = wall
    }

    package func run() async throws {
        let beats = AsyncStream<Void> {
            try? await Task.sleep(for: Self.beat)
            return Task.isCancelled ? nil : ()
        }
        await look()
        for await _ in beats.cancelOnGracefulShutdown() where isDue { await look() }
    }

    private var isDue: Bool {
        guard let lastLook else { return true }
        return ContinuousClock.now - lastLook >= (watchers.isEmpty ? Self.seldom : Self.often)
    }

    /// Looks once, and tells whoever watches.
    package func look() async {
        guard !isLooking else { return }
        isLooking = true
        lastLook = ContinuousClock.now
        let report = await report()
        isLooking = false
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        let reading = LiveWindow.Reading(
            report, at: wall(), seconds: Double(seconds) + Double(attoseconds) / 1e18)
        window.add(reading)
        guard !watchers.isEmpty else {
            snapshot = nil
            return
        }
        let next = LiveSnapshot(reading, in: window)
        snapshot = next
        for watcher in watchers.values { watcher.yield(next) }
    }

    /// What a stream begins with, and what follows; a stream that is slow misses snapshots, never the newest one.
    func watch(mayChange: Bool) async -> (history: LiveHistory, news: AsyncStream<LiveSnapshot>) {
        let (news, watcher) = AsyncStream.makeStream(of: LiveSnapshot.self, bufferingPolicy: .bufferingNewest(1))
        lastWatcher += 1
        let number = lastWatcher
        watchers[number] = watcher
        watcher.onTermination = { [weak self] _ in Task { await self?.leave(number) } }
        if let snapshot { watcher.yield(snapshot) } else { await look() }
        // Another stream may be the one that looks: there may be nothing yet.
        let known = window.latest?.report
        let latest = if let known { known } else { await report() }
        return (LiveHistory(latest, window.points, mayChange: mayChange), news)
    }

    private func leave(_ number: Int) {
        watchers[number] = nil
    }
}
