import ShuntControl
import ShuntCore
import ShuntTesting
import Synchronization

/// A proxy for tests: it tells what it is given, and keeps what it is asked for.
final class FakeControl: ProxyControl {
    struct State {
        var status = FakeControl.status
        var routes = FakeControl.routes
        /// By upstream, whether it answers.
        var answers: [String: Bool] = [:]
        var events: [ProxyEvent] = []
        var listeners: [AsyncStream<ProxyEvent>.Continuation] = []
        var problem: ControlProblem?
        var performed: [Performed] = []
        var asked: [String] = []
    }

    struct Performed: Equatable {
        var change: ControlChange
        var author: ChangeAuthor
        var revision: Int64?
    }

    private let state = Mutex(State())

    /// Looks at what it was asked for, or changes what it tells.
    func with<Result: Sendable>(_ body: (inout State) -> Result) -> Result { state.withLock { body(&$0) } }

    func status() async -> ProxyStatus { state.withLock { $0.status } }
    func routes() async -> [RouteStatus] { state.withLock { $0.routes } }

    func pools() async -> [PoolStatus] {
        var pool = PoolStatus(upstream: "guide", side: .legacy, url: "ws://127.0.0.1:7101/api/ws/guide")
        pool.ready = 2
        pool.queuedBytes = 77
        let more = ["liaison", "unified", "spare"].map {
            PoolStatus(upstream: $0, side: .legacy, url: "ws://127.0.0.1:1/")
        }
        let answers = state.withLock { $0.answers }
        if answers.isEmpty { return [pool] }
        return ([pool] + more).map { each in
            var each = each
            each.answers = answers[each.upstream]
            return each
        }
    }

    func sessions(limit: Int) async -> [SessionStatus] {
        state.withLock { $0.asked.append("sessions \(limit)") }
        let session = SessionStatus(
            name: "s-1f2e3d", hasToken: true, worker: 1, sockets: 3, open: 1, parked: 0, apps: ["web/2.1"])
        return Array([session].prefix(limit))
    }

    func events(after id: Int64?, limit: Int) async -> [ProxyEvent] {
        state.withLock {
            $0.asked.append("events \(id.map(String.init) ?? "latest") \(limit)")
            guard let id else { return Array($0.events.suffix(limit)) }
            return Array($0.events.filter { $0.id > id }.prefix(limit))
        }
    }

    func eventStream() -> AsyncStream<ProxyEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: ProxyEvent.self)
        state.withLock { $0.listeners.append(continuation) }
        return stream
    }

    func audit(limit: Int, before id: Int64?) async throws(ControlProblem) -> [AuditEntry] {
        let problem = state.withLock {
            $0.asked.append("audit \(limit) \(id.map(String.init) ?? "newest")")
            return $0.problem
        }
        if let problem { throw problem }
        return [
            AuditEntry(
                id: 4, at: UnixTime(milliseconds: 1_795_000_000_000), by: "anna", action: .set, subject: "guide",
                from: "legacy", to: "25%", reason: "first quarter")
        ]
    }

    func usage(_ query: UsageQuery) async throws(ControlProblem) -> UsageReport {
        let problem = state.withLock { state in
            let by = query.by.map(\.rawValue).sorted().joined(separator: ",")
            state.asked.append("usage \(query.since.text) \(query.endpoint ?? "all") \(by)")
            return state.problem
        }
        if let problem { throw problem }
        return UsageReport.sample(query)
    }

    func preview(phase: Phase) async -> PhasePreview {
        let status = state.withLock { $0.status }
        return PhasePreview(
            from: status.phase, to: phase,
            moves: [
                .init(
                    route: "guide", from: RouteDecision(rollout: .legacy, origin: .file),
                    to: RouteDecision(rollout: .unified, origin: .phase))
            ],
            stays: [
                .init(
                    route: "liaison/content", from: RouteDecision(rollout: Rollout(steps: 2500), origin: .override),
                    to: RouteDecision(rollout: Rollout(steps: 2500), origin: .override))
            ],
            notes: ["legacy endpoints are closed"])
    }

    func perform(_ change: ControlChange, by author: ChangeAuthor, revision: Int64?) async throws(ControlProblem)
        -> ChangeReport
    {
        let result: Result<ChangeReport, ControlProblem> = state.withLock { state in
            if let problem = state.problem { return .failure(problem) }
            if let revision, revision != state.status.revision {
                return .failure(.conflict(seen: revision, now: state.status.revision))
            }
            state.performed.append(Performed(change: change, author: author, revision: revision))
            state.status.revision += 1
            return .success(
                ChangeReport(
                    revision: state.status.revision, changed: ["guide: served by 25% (was legacy)"],
                    notes: ["a note"]))
        }
        return try result.get()
    }

    /// Tells an event as the proxy does: kept, then streamed.
    func tell(_ event: ProxyEvent) {
        let listeners = state.withLock {
            $0.events.append(event)
            return $0.listeners
        }
        for listener in listeners { listener.yield(event) }
    }

    static func event(_ id: Int64, kind: String = "override_set") -> ProxyEvent {
        ProxyEvent(
            id: id, at: UnixTime(milliseconds: 1_795_000_000_000 + id), level: "info", kind: kind, subject: "guide",
            text: "guide: served by 25%")
    }

    private static var status: ProxyStatus {
        ProxyStatus(
            version: "0.3.0", startedAt: UnixTime(milliseconds: 1_795_000_000_000), revision: 12, phase: .migrate,
            phaseIsOverride: true, phaseOfFile: .parallel, isDraining: false, workers: 2,
            census: census, tally: Tally(),
            lastReload: ReloadStatus(
                at: UnixTime(milliseconds: 1_795_000_100_000), succeeded: false, lines: ["config.yaml:3:1: phase: no"]),
            storeProblem: "the disk is full")
    }

    private static var census: Census {
        Census(
            clients: 5, sessions: 4, pools: 3, connections: 3, exchanges: 1, heldBytes: 10, parkedReplies: 0,
            parkedBytes: 0)
    }

    private static var routes: [RouteStatus] {
        let plain = RouteStatus(
            name: "guide", match: ["agent_type=guide"], endpoint: nil,
            decision: RouteDecision(rollout: .legacy, origin: .file), fileSays: .legacy, line: nil, override: nil,
            isPaused: false, legacyUpstream: nil, unifiedUpstream: nil, tally: RouteTally())
        var full = RouteStatus(
            name: "liaison/content", match: ["agent_type=liaison", "pillar=content"],
            endpoint: "/api/ws/liaison/content",
            decision: RouteDecision(rollout: Rollout(steps: 2550), origin: .override), fileSays: .legacy, line: 41,
            override: StoredOverride(
                subject: .route("liaison/content"), value: "25.5%", at: UnixTime(milliseconds: 1_795_000_000_250),
                by: "anna", reason: "a try"),
            isPaused: true, legacyUpstream: "liaison", unifiedUpstream: "unified", tally: RouteTally())
        full.life = EndpointLife(
            state: .deprecated, deprecatedAt: UnixTime(milliseconds: 1_796_083_200_000),
            sunset: UnixTime(milliseconds: 1_803_859_200_000),
            brownout: Brownout(
                routes: ["*"], from: UnixTime(milliseconds: 1_801_476_000_000), length: .hours(1), share: .unified))
        full.tally.byLegacy = 30
        full.tally.byUnified = 10
        return [plain, full]
    }
}
