import ShuntCore
import ShuntTesting
import Synchronization

/// A proxy that does as it is told and remembers who told it.
final class FakeProxy: ProxyControl {
    struct Change: Equatable {
        var change: ControlChange
        var author: ChangeAuthor
        var revision: Int64?
    }

    private struct State {
        var changes: [Change] = []
        var refusals: [String: ControlProblem] = [:]
        var listeners: [AsyncStream<ProxyEvent>.Continuation] = []
        var events = [
            ProxyEvent(
                id: 1, at: UnixTime(milliseconds: 0), level: "info", kind: "reloaded", subject: "",
                text: "first\u{1B}[2J")
        ]
    }

    static let revision: Int64 = 41
    private let state = Mutex(State())

    var changes: [Change] { state.withLock { $0.changes } }

    /// Refuses what is done to `subject`: a route's name, or empty for the whole proxy.
    func refuse(_ subject: String, _ problem: ControlProblem) { state.withLock { $0.refusals[subject] = problem } }

    /// Says an event to those that listen, as soon as there is one.
    func say(_ text: String) async {
        while state.withLock({ $0.listeners.isEmpty }) { await Task.yield() }
        state.withLock { state in
            let event = ProxyEvent(
                id: Int64(state.events.count + 1), at: UnixTime(milliseconds: 1000), level: "warning",
                kind: "breaker_opened", subject: "guide", text: text)
            state.events.append(event)
            for listener in state.listeners { listener.yield(event) }
        }
    }

    func status() async -> ProxyStatus {
        ProxyStatus(
            version: "9.9", startedAt: UnixTime(milliseconds: 0), revision: Self.revision, phase: .parallel,
            phaseIsOverride: true, phaseOfFile: .migrate, isDraining: false, workers: 2,
            census: Census(
                clients: 7, sessions: 5, pools: 0, connections: 0, exchanges: 0, heldBytes: 0, parkedReplies: 0,
                parkedBytes: 0),
            tally: Tally(),
            lastReload: ReloadStatus(at: UnixTime(milliseconds: 0), succeeded: false, lines: ["c:1:2: x"]),
            storeProblem: nil)
    }

    func routes() async -> [RouteStatus] {
        ["guide", "liaison/content", "liaison/insights", "liaison/operations"].map { name in
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

    func pools() async -> [PoolStatus] { [PoolStatus(upstream: "guide", side: .legacy, url: "ws://10.0.0.1:1/x")] }

    func sessions(limit: Int) async -> [SessionStatus] {
        [
            SessionStatus(
                name: "a1b2c3", hasToken: true, worker: 1, sockets: limit, open: 0, parked: 0,
                apps: ["web", "\u{1B}]0;x"])
        ]
    }

    func events(after id: Int64?, limit: Int) async -> [ProxyEvent] {
        state.withLock {
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
        [
            AuditEntry(
                id: (id ?? 100) - 1, at: UnixTime(milliseconds: 0), by: "ada@desk", action: .set, subject: "guide",
                from: "legacy", to: "25%", reason: "")
        ]
    }

    func usage(_ query: UsageQuery) async throws(ControlProblem) -> UsageReport {
        UsageReport.sample(query)
    }

    func preview(phase: Phase) async -> PhasePreview {
        PhasePreview(
            from: .parallel, to: phase,
            moves: [
                .init(
                    route: "guide", from: RouteDecision(rollout: .legacy, origin: .phase),
                    to: RouteDecision(rollout: .unified, origin: .file))
            ], stays: [], notes: ["Nothing ends."])
    }

    func perform(
        _ change: ControlChange, by author: ChangeAuthor, revision: Int64?
    ) async throws(ControlProblem) -> ChangeReport {
        let subject = Self.subject(of: change)
        let refusal = state.withLock { state in
            if state.refusals[subject] == nil {
                state.changes.append(Change(change: change, author: author, revision: revision))
            }
            return state.refusals[subject]
        }
        if let refusal { throw refusal }
        return ChangeReport(revision: Self.revision + 1, changed: ["\(subject): done"], notes: ["look at it"])
    }

    private static func subject(of change: ControlChange) -> String {
        switch change {
        case .setRoute(let name, _), .unsetRoute(let name), .pause(let name), .resume(let name), .reconnect(let name):
            name
        case .setPhase, .unsetPhase, .reload, .drain: ""
        }
    }
}
