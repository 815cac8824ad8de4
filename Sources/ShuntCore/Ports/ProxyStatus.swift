/// The proxy at a glance.
package struct ProxyStatus: Sendable, Equatable {
    package var version: String
    package var startedAt: UnixTime
    /// Counts every change of what is in force: reloads, overrides, pauses. No two processes share a revision.
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
    /// Of the certificates that the configuration names.
    package var certificates: [CertificateFacts] = []

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

/// What came of the last reload.
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
    package var inFlight = 0
    package var queued = 0
    package var queuedBytes = 0
    /// Workers whose breaker for this upstream is open.
    package var openBreakers = 0
    /// Whether it answers now; nil where nobody has asked. Not of one worker: `add` leaves it alone.
    package var answers: Bool?

    package init(upstream: String, side: Side, url: String) {
        self.upstream = upstream
        self.side = side
        self.url = url
    }

    /// One entry for each upstream of a table, with nothing in it.
    package static func empty(_ table: RoutingTable) -> [PoolStatus] { table.idlePools }

    /// Of an upstream that nothing is connected to.
    init(_ upstream: Upstream) {
        let address = upstream.settings.address
        let host = address.host.contains(":") && !address.host.hasPrefix("[") ? "[\(address.host)]" : address.host
        self.init(
            upstream: upstream.settings.name, side: upstream.isUnified ? .unified : .legacy,
            url: "\(address.tls ? "wss" : "ws")://\(host):\(address.port)\(address.path)")
    }

    /// Adds another worker's share.
    package mutating func add(_ other: PoolStatus) {
        pools += other.pools
        dialling += other.dialling
        ready += other.ready
        retired += other.retired
        inFlight += other.inFlight
        queued += other.queued
        queuedBytes += other.queuedBytes
        openBreakers += other.openBreakers
    }
}

/// A session that is there now.
package struct SessionStatus: Sendable, Hashable {
    /// A short keyed hash of the session's key: neither a session id nor a token.
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
