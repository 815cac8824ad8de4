package import ShuntCore
import Synchronization

/// A proxy for tests of what stands in front of one: it tells the reports that it is given, does nothing of what it is
/// told to, and keeps that.
package final class FakeControl: ProxyControl {
    /// Reports that are told, problems that calls end with, and calls that came.
    package struct State: Sendable {
        package var status: ProxyStatus
        package var routes: [RouteStatus]
        package var audit: [AuditEntry]
        package var preview: PhasePreview
        package var events: [ProxyEvent]
        /// Ends every call that may end with one.
        package var problem: ControlProblem?
        /// By what a change is done to: a route's name, or empty for the whole proxy.
        package var refusals: [String: ControlProblem] = [:]
        package var performed: [Performed] = []
        package var asked: [String] = []
        fileprivate var listeners: [AsyncStream<ProxyEvent>.Continuation] = []

        package init(
            status: ProxyStatus, routes: [RouteStatus], audit: [AuditEntry], preview: PhasePreview,
            events: [ProxyEvent] = []
        ) {
            self.status = status
            self.routes = routes
            self.audit = audit
            self.preview = preview
            self.events = events
        }
    }

    /// A change that was told to be done.
    package struct Performed: Sendable, Equatable {
        package var change: ControlChange
        package var author: ChangeAuthor
        package var revision: Int64?
    }

    private let state: Mutex<State>
    /// Answers `reports`.
    package let plane: FakePlane

    package init(
        _ state: State = SampleReports.state,
        plane: FakePlane = FakePlane(pools: SampleReports.pools, sessions: SampleReports.sessions)
    ) {
        self.state = Mutex(state)
        self.plane = plane
    }

    /// Looks at the calls that came, or changes what is told.
    package func with<Result: Sendable>(_ body: (inout State) -> Result) -> Result { state.withLock { body(&$0) } }

    package var changes: [Performed] { with(\.performed) }
    /// Lists that were asked for, each with its limits.
    package var asked: [String] { plane.with(\.asked) + with(\.asked) }

    /// Refuses what is done to a route, or, where the name is empty, to the whole proxy.
    package func refuse(_ subject: String, _ problem: ControlProblem) { with { $0.refusals[subject] = problem } }

    /// Tells an event as the proxy does: kept, then streamed.
    package func tell(_ event: ProxyEvent) {
        let listeners = with {
            $0.events.append(event)
            return $0.listeners
        }
        for listener in listeners { listener.yield(event) }
    }

    /// Tells an event to those that listen, as soon as there is one.
    package func say(_ text: String) async {
        while with(\.listeners.isEmpty) { await Task.yield() }
        tell(
            ProxyEvent(
                id: Int64(with(\.events.count) + 1), at: UnixTime(milliseconds: 1000), level: "warning",
                kind: "breaker_opened", subject: "guide", text: text))
    }

    package var reports: any PlaneReports { plane }
    package func status() async -> ProxyStatus { with(\.status) }
    package func routes() async -> [RouteStatus] { with(\.routes) }

    package func events(after id: Int64?, limit: Int) async -> [ProxyEvent] {
        with {
            $0.asked.append("events \(id.map(String.init) ?? "latest") \(limit)")
            guard let id else { return Array($0.events.suffix(limit)) }
            return Array($0.events.filter { $0.id > id }.prefix(limit))
        }
    }

    package func eventStream() -> AsyncStream<ProxyEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: ProxyEvent.self)
        with { $0.listeners.append(continuation) }
        return stream
    }

    package func audit(limit: Int, before id: Int64?) async throws(ControlProblem) -> [AuditEntry] {
        let (problem, entries) = with {
            $0.asked.append("audit \(limit) \(id.map(String.init) ?? "newest")")
            return ($0.problem, $0.audit)
        }
        if let problem { throw problem }
        return Array(entries.filter { $0.id < id ?? .max }.prefix(limit))
    }

    package func usage(_ query: UsageQuery) async throws(ControlProblem) -> UsageReport {
        let problem = with { state in
            let by = query.by.map(\.rawValue).sorted().joined(separator: ",")
            state.asked.append("usage \(query.since.text) \(query.endpoint ?? "all") \(by)")
            return state.problem
        }
        if let problem { throw problem }
        return UsageReport.sample(query)
    }

    package func preview(phase: Phase) async -> PhasePreview {
        with {
            var preview = $0.preview
            preview.from = $0.status.phase
            preview.to = phase
            return preview
        }
    }

    package func perform(
        _ change: ControlChange, by author: ChangeAuthor, revision: Int64?
    ) async throws(ControlProblem) -> ChangeReport {
        let result: Result<ChangeReport, ControlProblem> = with { state in
            if let problem = state.problem ?? state.refusals[Self.subject(of: change)] { return .failure(problem) }
            if let revision, revision != state.status.revision {
                return .failure(.conflict(seen: revision, now: state.status.revision))
            }
            state.performed.append(Performed(change: change, author: author, revision: revision))
            state.status.revision += 1
            return .success(
                ChangeReport(
                    revision: state.status.revision, changed: ["\(Self.subject(of: change)): done"],
                    notes: ["look at it"]))
        }
        return try result.get()
    }

    /// The name of the route that a change is done to; empty where the whole proxy is meant.
    package static func subject(of change: ControlChange) -> String {
        switch change {
        case .setRoute(let name, _), .unsetRoute(let name), .pause(let name), .resume(let name), .reconnect(let name):
            name
        case .setPhase, .unsetPhase, .kick, .reload, .drain: ""
        }
    }
}
