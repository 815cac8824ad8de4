import ShuntCore
import ShuntTesting

extension FakeControl {
    /// What the commands show: names of three levels, and texts that would do something to a terminal.
    static func forCommands() -> FakeControl {
        var status = ProxyStatus(
            version: "9.9", startedAt: UnixTime(milliseconds: 0), revision: 41, phase: .parallel,
            phaseIsOverride: true, phaseOfFile: .migrate, isDraining: false, workers: 2,
            census: SampleReports.census(clients: 7, sessions: 5), tally: Tally(),
            lastReload: ReloadStatus(at: UnixTime(milliseconds: 0), succeeded: false, lines: ["c:1:2: x"]),
            storeProblem: nil)
        status.certificates = SampleReports.status.certificates
        return FakeControl(
            State(
                status: status,
                routes: ["guide", "liaison/content", "liaison/insights", "liaison/operations"].map(route),
                audit: [
                    AuditEntry(
                        id: 49, at: UnixTime(milliseconds: 0), by: "ada@desk", action: .set, subject: "guide",
                        from: "legacy", to: "25%", reason: "")
                ],
                preview: PhasePreview(
                    from: .parallel, to: .parallel, moves: SampleReports.preview.moves, stays: [],
                    notes: ["Nothing ends."]),
                events: [
                    ProxyEvent(
                        id: 1, at: UnixTime(milliseconds: 0), level: "info", kind: "reloaded", subject: "",
                        text: "first\u{1B}[2J")
                ]),
            plane: FakePlane(
                pools: [PoolStatus(upstream: "guide", side: .legacy, url: "ws://10.0.0.1:1/x")],
                sessions: [
                    SessionStatus(
                        name: "a1b2c3", hasToken: true, worker: 1, sockets: 9, open: 0, parked: 0,
                        apps: ["web", "\u{1B}]0;x"])
                ]))
    }

    private static func route(_ name: String) -> RouteStatus {
        let isSet = name == "liaison/insights"
        return RouteStatus(
            name: name, match: [], endpoint: nil,
            decision: RouteDecision(rollout: isSet ? .unified : .legacy, origin: isSet ? .override : .file),
            fileSays: .legacy, line: 3,
            override: isSet
                ? StoredOverride(
                    subject: .route(name), value: "unified", at: UnixTime(milliseconds: 0), by: "bo", reason: "")
                : nil,
            isPaused: name == "liaison/operations", legacyUpstream: name, unifiedUpstream: "unified",
            tally: RouteTally())
    }
}
