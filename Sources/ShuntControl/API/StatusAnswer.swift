package import ShuntCore

/// `GET /api/v1/status`: the proxy at a glance.
package struct StatusAnswer: Codable, Sendable, Hashable {
    /// What is there now.
    package struct Now: Codable, Sendable, Hashable {
        package var clients: Int
        package var sessions: Int
        package var pools: Int
        package var connections: Int
        package var exchanges: Int
        package var heldBytes: Int
        package var parkedReplies: Int
        package var parkedBytes: Int
    }

    /// What was counted since the process began.
    package struct Total: Codable, Sendable, Hashable {
        package var messages: Int
        package var absorbed: Int
        package var refused: Int
        package var forwarded: Int
        package var delivered: Int
        package var errors: Int
        package var parked: Int
        package var parkedDelivered: Int
        package var parkedExpired: Int
        package var discarded: Int
        package var lateReplies: Int
        package var unaskedReplies: Int
        package var pushesForwarded: Int
        package var pushesAnswered: Int
        package var pushesDropped: Int
        package var dials: Int
        package var dialsFailed: Int
        package var retired: Int
        package var brownoutRefused: Int
        package var brownoutClosed: Int
        package var credentialsExpired: Int
        package var credentialsRefreshed: Int
    }

    package struct Reload: Codable, Sendable, Hashable {
        /// RFC 3339, UTC, as every time of the API.
        package var at: String
        package var succeeded: Bool
        /// What changed, or what is wrong with the file.
        package var lines: [String]
    }

    /// A certificate that the configuration names.
    package struct Certificate: Codable, Sendable, Hashable {
        package var file: String
        /// DNS names and addresses.
        package var names: [String]
        package var expiresAt: String
    }

    package var version: String
    package var startedAt: String
    /// Counts every change of what is in force; the `ETag` of every answer about state.
    package var revision: Int64
    package var phase: String
    package var phaseIsOverride: Bool
    package var phaseOfFile: String
    package var draining: Bool
    package var workers: Int
    package var now: Now
    package var total: Total
    /// Absent before the first reload.
    package var lastReload: Reload?
    /// Absent when the store works or there is none.
    package var storeProblem: String?
    /// The one that expires first stands first; absent where there are none.
    package var certificates: [Certificate]?

    package init(_ status: ProxyStatus) {
        version = status.version
        startedAt = status.startedAt.text
        revision = status.revision
        phase = status.phase.rawValue
        phaseIsOverride = status.phaseIsOverride
        phaseOfFile = status.phaseOfFile.rawValue
        draining = status.isDraining
        workers = status.workers
        now = Now(status.census)
        total = Total(status.tally)
        lastReload = status.lastReload.map { Reload(at: $0.at.text, succeeded: $0.succeeded, lines: $0.lines) }
        storeProblem = status.storeProblem
        let certificates = status.certificates.sorted { ($0.notAfter, $0.file) < ($1.notAfter, $1.file) }
        if !certificates.isEmpty { self.certificates = certificates.map(Certificate.init) }
    }
}

extension StatusAnswer.Certificate {
    init(_ facts: CertificateFacts) {
        // The last second that RFC 3339 has a spelling for.
        let seconds = min(max(facts.notAfter, 0), 253_402_300_799)
        self.init(
            file: facts.file, names: facts.names, expiresAt: UnixTime(milliseconds: seconds * 1000).shortText)
    }
}

extension StatusAnswer.Now {
    init(_ census: Census) {
        self.init(
            clients: census.clients, sessions: census.sessions, pools: census.pools, connections: census.connections,
            exchanges: census.exchanges, heldBytes: census.heldBytes, parkedReplies: census.parkedReplies,
            parkedBytes: census.parkedBytes)
    }
}

extension StatusAnswer.Total {
    init(_ tally: Tally) {
        self.init(
            messages: tally.messages, absorbed: tally.absorbed, refused: tally.refused, forwarded: tally.forwarded,
            delivered: tally.delivered, errors: tally.errors, parked: tally.parked,
            parkedDelivered: tally.parkedDelivered, parkedExpired: tally.parkedExpired, discarded: tally.discarded,
            lateReplies: tally.lateReplies, unaskedReplies: tally.unaskedReplies,
            pushesForwarded: tally.pushesForwarded, pushesAnswered: tally.pushesAnswered,
            pushesDropped: tally.pushesDropped, dials: tally.dials, dialsFailed: tally.dialsFailed,
            retired: tally.retired, brownoutRefused: tally.brownoutRefused, brownoutClosed: tally.brownoutClosed,
            credentialsExpired: tally.expired, credentialsRefreshed: tally.refreshed)
    }
}
