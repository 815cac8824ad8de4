package import ShuntCore

/// `GET /api/v1/usage`: who uses what, and what is to be said about each legacy endpoint.
package struct UsageAnswer: Codable, Sendable, Hashable {
    /// A sum. Dimensions that were not asked for are left out.
    package struct Row: Codable, Sendable, Hashable {
        package var day: String?
        package var endpoint: String
        package var route: String?
        package var app: String?
        package var version: String?
        package var tenant: String?
        package var origin: String?
        package var sockets: Int
        package var messages: Int
        package var replies: Int
        package var bytesIn: Int
        package var bytesOut: Int
        package var errors: Int
        /// How many different ones; beyond 128 an estimate with a standard error of 3.25 %.
        package var sessions: Int
        package var sessionsExact: Bool
        package var firstSeen: String?
        package var lastSeen: String?

        init(_ group: UsageGroup) {
            day = group.day?.text
            endpoint = group.endpoint
            route = group.values[.route]
            app = group.values[.app]
            version = group.values[.version]
            tenant = group.values[.tenant]
            origin = group.values[.origin]
            let counts = group.counts
            sockets = counts.sockets
            messages = counts.messages
            replies = counts.replies
            bytesIn = counts.bytesIn
            bytesOut = counts.bytesOut
            errors = counts.errors
            sessions = counts.sessions.count
            sessionsExact = counts.sessions.isExact
            firstSeen = counts.firstSeen?.text
            lastSeen = counts.lastSeen?.text
        }
    }

    package var since: String
    package var through: String
    package var by: [String]
    package var rows: [Row]
    /// The legacy endpoints, in the order of the file.
    package var endpoints: [VerdictAnswer]
    /// What keeps the ledger from being written.
    package var problem: String?

    package init(_ report: UsageReport) {
        since = report.since.text
        through = report.through.text
        by = UsageDimension.allCases.filter(report.by.contains).map(\.rawValue)
        rows = report.groups.map(Row.init)
        endpoints = report.verdicts.map(VerdictAnswer.init)
        problem = report.problem
    }
}

/// What is to be said about a legacy endpoint.
package struct VerdictAnswer: Codable, Sendable, Hashable {
    package struct User: Codable, Sendable, Hashable {
        package var app: String
        package var version: String
        package var messages: Int
        package var lastSeen: String
    }

    package var endpoint: String
    /// `in use`, `quiet` or `safe to remove`.
    package var verdict: String
    /// One sentence.
    package var because: String
    package var lastSeen: String?
    package var quietSince: String?
    package var watchedSince: String?
    package var daysWatched: Int
    package var quietDaysWatched: Int
    package var quietDaysNeeded: Int
    /// The latest first.
    package var users: [User]
    package var trend: TrendAnswer

    init(_ verdict: EndpointVerdict) {
        endpoint = verdict.endpoint
        self.verdict = verdict.judgement.rawValue
        because = verdict.because
        lastSeen = verdict.lastSeen?.text
        quietSince = verdict.quietSince?.text
        watchedSince = verdict.watchedSince?.text
        daysWatched = verdict.daysWatched
        quietDaysWatched = verdict.quietDaysWatched
        quietDaysNeeded = verdict.quietDaysNeeded
        users = verdict.users.map {
            User(app: $0.app, version: $0.version, messages: $0.messages, lastSeen: $0.lastSeen.text)
        }
        trend = TrendAnswer(verdict.trend)
    }
}

/// Where the use of an endpoint is heading.
package struct TrendAnswer: Codable, Sendable, Hashable {
    package static let kinds = ["ends", "not declining", "unused", "too little data"]

    package var kind: String
    /// The day on which nobody would be left, with the ends of its 95 % interval; of `ends` only.
    package var ends: String?
    package var earliest: String?
    package var latest: String?
    /// Whole days that were watched; of `too little data` only.
    package var days: Int?

    init(_ trend: Trend) {
        switch trend {
        case .ends(let day, let first, let last):
            kind = "ends"
            ends = day.text
            earliest = first.text
            latest = last.text
        case .notDeclining: kind = "not declining"
        case .unused: kind = "unused"
        case .tooLittleData(let count):
            kind = "too little data"
            days = count
        }
    }
}
