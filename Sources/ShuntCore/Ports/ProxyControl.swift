/// What the control plane (admin API, dashboard, CLI behind them) asks of the running proxy. Implemented where all rooms
/// meet; every method may be called from anywhere, at any time, and none ever stops the data plane.
package protocol ProxyControl: Sendable {
    func status() async -> ProxyStatus
    /// In the order of the file.
    func routes() async -> [RouteStatus]
    func pools() async -> [PoolStatus]
    /// The sessions with most sockets first; never a token in it.
    func sessions(limit: Int) async -> [SessionStatus]
    /// The latest events after `id` (0 for all that are kept), oldest first.
    func events(after id: Int64, limit: Int) async -> [ProxyEvent]
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
    /// The file is read again.
    case reload
    /// The proxy stops gracefully.
    case drain
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

/// The proxy at a glance.
package struct ProxyStatus: Sendable, Equatable {
    package var version: String
    package var startedAt: UnixTime
    /// Counts every change of what is in force: reloads, overrides, pauses.
    package var revision: Int64
    package var phase: Phase
    /// Whether the phase comes from an override.
    package var phaseIsOverride: Bool
    /// What the file says, when an override stands above it.
    package var phaseOfFile: Phase
    package var isDraining: Bool
    package var workers: Int
    package var census: Census
    package var tally: Tally
    /// The last reload that was tried; nil before the first.
    package var lastReload: ReloadStatus?
    /// What is wrong with the store; nil when it works or there is none.
    package var storeProblem: String?

    package init(
        version: String, startedAt: UnixTime, revision: Int64, phase: Phase, phaseIsOverride: Bool, phaseOfFile: Phase,
        isDraining: Bool, workers: Int, census: Census, tally: Tally, lastReload: ReloadStatus?, storeProblem: String?
    ) {
        self.version = version
        self.startedAt = startedAt
        self.revision = revision
        self.phase = phase
        self.phaseIsOverride = phaseIsOverride
        self.phaseOfFile = phaseOfFile
        self.isDraining = isDraining
        self.workers = workers
        self.census = census
        self.tally = tally
        self.lastReload = lastReload
        self.storeProblem = storeProblem
    }
}

package struct ReloadStatus: Sendable, Hashable {
    package var at: UnixTime
    package var succeeded: Bool
    /// What changed, or what is wrong with the file.
    package var lines: [String]
    package init(at: UnixTime, succeeded: Bool, lines: [String]) {
        self.at = at
        self.succeeded = succeeded
        self.lines = lines
    }
}

/// A route, what is in force for it and what made it so.
package struct RouteStatus: Sendable, Hashable {
    package var name: String
    package var match: [String]
    /// Where old clients connect; nil when nowhere.
    package var endpoint: String?
    /// Where that endpoint stands; nil without one.
    package var life: EndpointLife?
    /// What is in force.
    package var decision: RouteDecision
    /// What the file says: `legacy`, `25%` …
    package var fileSays: Rollout
    /// The line of the file that a `hold`, the phase or `served_by` stands in; nil where it is a default.
    package var line: Int?
    package var override: StoredOverride?
    package var isPaused: Bool
    package var legacyUpstream: String?
    package var unifiedUpstream: String?
    package var tally: RouteTally

    package init(
        name: String, match: [String], endpoint: String?, decision: RouteDecision, fileSays: Rollout, line: Int?,
        override: StoredOverride?, isPaused: Bool, legacyUpstream: String?, unifiedUpstream: String?,
        tally: RouteTally, life: EndpointLife? = nil
    ) {
        self.name = name
        self.match = match
        self.endpoint = endpoint
        self.life = life
        self.decision = decision
        self.fileSays = fileSays
        self.line = line
        self.override = override
        self.isPaused = isPaused
        self.legacyUpstream = legacyUpstream
        self.unifiedUpstream = unifiedUpstream
        self.tally = tally
    }
}

/// What was done for one route since the process began: each entry only grows, but for `sockets` and `waiting`.
package struct RouteTally: Sendable, Hashable {
    /// Messages sent to each side, on whatever way.
    package var byLegacy = 0
    package var byUnified = 0
    /// Error replies to clients after a message was accepted, by the side that it was for.
    package var errorsByLegacy = 0
    package var errorsByUnified = 0
    /// Client sockets on the route's legacy endpoint now.
    package var sockets = 0
    /// Messages that wait now: for the route's resume, or for exchanges on the side that it leaves.
    package var waiting = 0
    package init() {}

    package static func + (left: RouteTally, right: RouteTally) -> RouteTally {
        var sum = left
        sum.byLegacy += right.byLegacy
        sum.byUnified += right.byUnified
        sum.errorsByLegacy += right.errorsByLegacy
        sum.errorsByUnified += right.errorsByUnified
        sum.sockets += right.sockets
        sum.waiting += right.waiting
        return sum
    }
}

/// The connections of one upstream, over all sessions and workers.
package struct PoolStatus: Sendable, Hashable {
    package var upstream: String
    package var side: Side
    /// `ws://host:port/path`, without any query.
    package var url: String
    package var pools = 0
    package var dialling = 0
    package var ready = 0
    package var retired = 0
    /// Exchanges that were sent and await their reply.
    package var outstanding = 0
    package var queued = 0
    package var queuedBytes = 0
    /// Workers whose breaker for this upstream is open.
    package var openBreakers = 0

    package init(upstream: String, side: Side, url: String) {
        self.upstream = upstream
        self.side = side
        self.url = url
    }
}

package struct SessionStatus: Sendable, Hashable {
    /// A short keyed hash of the token, never the token.
    package var name: String
    package var hasToken: Bool
    package var worker: Int
    package var sockets: Int
    package var open: Int
    package var parked: Int
    package var apps: [String]

    package init(name: String, hasToken: Bool, worker: Int, sockets: Int, open: Int, parked: Int, apps: [String]) {
        self.name = name
        self.hasToken = hasToken
        self.worker = worker
        self.sockets = sockets
        self.open = open
        self.parked = parked
        self.apps = apps
    }
}

/// Something that happened, for people.
package struct ProxyEvent: Sendable, Hashable {
    /// Ascending without gaps.
    package var id: Int64
    package var at: UnixTime
    /// `info`, `warning` or `error`.
    package var level: String
    /// A stable word: `override_set`, `reloaded`, `breaker_opened` …
    package var kind: String
    /// A route's or an upstream's name; empty where the whole proxy is meant.
    package var subject: String
    package var text: String

    package init(id: Int64, at: UnixTime, level: String, kind: String, subject: String, text: String) {
        self.id = id
        self.at = at
        self.level = level
        self.kind = kind
        self.subject = subject
        self.text = text
    }
}

/// What a phase would do.
package struct PhasePreview: Sendable, Hashable {
    package struct Line: Sendable, Hashable {
        package var route: String
        package var from: RouteDecision
        package var to: RouteDecision
        package init(route: String, from: RouteDecision, to: RouteDecision) {
            self.route = route
            self.from = from
            self.to = to
        }
    }

    package var from: Phase
    package var to: Phase
    /// Routes whose share changes.
    package var moves: [Line]
    /// Routes that stay where they are against the phase's wish; `to.origin` says why.
    package var stays: [Line]
    /// What happens to legacy endpoints, what ends, why it is not possible: one sentence each.
    package var notes: [String]

    package init(from: Phase, to: Phase, moves: [Line], stays: [Line], notes: [String]) {
        self.from = from
        self.to = to
        self.moves = moves
        self.stays = stays
        self.notes = notes
    }
}
