/// What the control plane (admin API, dashboard, CLI behind them) asks of the running proxy. Implemented where all rooms
/// meet; every method may be called from anywhere, at any time, and none ever stops the data plane.
package protocol ProxyControl: Sendable {
    /// Reads that the data plane answers alone.
    var reports: any PlaneReports { get }
    func status() async -> ProxyStatus
    /// In the order of the file.
    func routes() async -> [RouteStatus]
    /// The first events after `id` that are kept (0: from the first on), or, where it is nil, the latest; oldest first.
    func events(after id: Int64?, limit: Int) async -> [ProxyEvent]
    /// Events from now on.
    func eventStream() -> AsyncStream<ProxyEvent>
    /// The latest lines of the audit trail before `id`, newest first.
    func audit(limit: Int, before id: Int64?) async throws(ControlProblem) -> [AuditEntry]

    /// Who uses what, up to now.
    func usage(_ query: UsageQuery) async throws(ControlProblem) -> UsageReport

    /// What a phase would move and what it would not, without doing it.
    func preview(phase: Phase) async -> PhasePreview
    /// Does one change, durably, with its line in the audit trail, and waits until all workers go by it.
    ///
    /// - Parameter revision: the `ProxyStatus.revision` that the caller has seen; nil to go without. A change that was
    ///   made since is a `conflict`.
    func perform(_ change: ControlChange, by author: ChangeAuthor, revision: Int64?) async throws(ControlProblem)
        -> ChangeReport
}

/// Who changes something, and why.
package struct ChangeAuthor: Sendable, Hashable {
    package var name: String
    package var reason: String
    package init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }
}

/// Everything that can be changed from outside.
package enum ControlChange: Sendable, Hashable {
    /// Serves a route by this share, above what the file says.
    case setRoute(String, Rollout)
    /// The file counts again.
    case unsetRoute(String)
    case setPhase(Phase)
    case unsetPhase
    /// A route's messages wait, bounded, until `resume`. Not kept over a restart.
    case pause(String)
    case resume(String)
    /// A route's upstream connections are replaced as they become idle.
    case reconnect(String)
    /// Sessions are ended, and for so long only credentials that were issued after that let them in again.
    case kick(SessionChoice, block: TimeSpan)
    /// The file is read again.
    case reload
    /// The proxy stops gracefully.
    case drain
}

/// Which sessions are meant.
package enum SessionChoice: Sendable, Hashable {
    /// The short name that reports and logs have.
    case name(String)
    /// All sessions of a user, by the claim.
    case user(String)
}

/// What a kick ended.
package struct KickReport: Sendable, Hashable {
    /// Short names.
    package var sessions: [String] = []
    package var sockets = 0

    package init(sessions: [String] = [], sockets: Int = 0) {
        self.sessions = sessions
        self.sockets = sockets
    }

    package static func + (left: KickReport, right: KickReport) -> KickReport {
        KickReport(sessions: left.sessions + right.sessions, sockets: left.sockets + right.sockets)
    }
}

/// What a change did.
package struct ChangeReport: Sendable, Hashable {
    /// Counts every change of what is in force.
    package var revision: Int64
    /// What is different now, one sentence each: `guide: served by unified (was legacy)`.
    package var changed: [String]
    /// What needs a restart, or is shadowed by an override, one sentence each.
    package var notes: [String]
    package init(revision: Int64, changed: [String], notes: [String] = []) {
        self.revision = revision
        self.changed = changed
        self.notes = notes
    }
}

/// Why something was not done. Nothing of it was.
package enum ControlProblem: Error, Sendable, Hashable {
    /// No route has that name; `meant` is the nearest one.
    case unknownRoute(String, meant: String?)
    /// Somebody else changed something since revision `seen`.
    case conflict(seen: Int64, now: Int64)
    /// The change makes no sense as things are; the text says why and what to do.
    case notPossible(String)
    /// The file has errors: each as `file:line:column: path: what is wrong`.
    case badFile([String])
    /// Another reload is under way.
    case busy
    /// The store did not take it.
    case store(String)
    /// The proxy is stopping.
    case stopping
}
