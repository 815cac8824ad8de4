/// A judgement about a legacy endpoint, with the evidence.
package struct EndpointVerdict: Sendable, Hashable {
    package enum Judgement: String, Sendable, Hashable, CaseIterable {
        /// A client said something today or yesterday.
        case inUse = "in use"
        case quiet
        /// Nobody said anything for `quiet_period`, and the ledger watched all that time.
        case safeToRemove = "safe to remove"
    }

    /// A client app that used the endpoint in the time that is looked at.
    package struct User: Sendable, Hashable {
        package var app: String
        package var version: String
        package var messages: Int
        package var lastSeen: UnixTime

        package init(app: String, version: String, messages: Int, lastSeen: UnixTime) {
            self.app = app
            self.version = version
            self.messages = messages
            self.lastSeen = lastSeen
        }
    }

    package var endpoint: String
    package var judgement: Judgement
    /// The time of a client's last message; nil for none in the ledger.
    package var lastSeen: UnixTime?
    /// The first day of quiet: the day after `lastSeen`, or the first day that was watched. nil when it is in use, or was
    /// never watched.
    package var quietSince: UsageDay?
    /// The first day that the ledger watched it; nil when it never did.
    package var watchedSince: UsageDay?
    /// Days since `quietSince` on which the proxy ran and watched, today included.
    package var quietDaysWatched: Int
    /// All days on which it was watched.
    package var daysWatched: Int
    /// Days that `quiet_period` asks for.
    package var quietDaysNeeded: Int
    /// The last users, the latest first.
    package var users: [User]
    package var trend: Trend

    /// Users that are named at most.
    package static let mostUsers = 10
}

extension EndpointVerdict {
    /// Judges an endpoint.
    ///
    /// - Parameters:
    ///   - rows: of this endpoint, all that the ledger has.
    ///   - watched: days on which the proxy ran and watched it.
    package init(
        endpoint: String, rows: [UsageRow], watched: [UsageDay], quietPeriod: TimeSpan, now: UnixTime
    ) {
        let today = UsageDay(now)
        // A clock that ran ahead for a while wrote days that are still to come: they say nothing of the past.
        let used = rows.filter { $0.counts.isUsed && $0.day <= today }
        let watched = Set(watched.filter { $0 <= today }).sorted()
        self.endpoint = endpoint
        lastSeen = used.compactMap(\.counts.lastSeen).max().map { min($0, now) }
        watchedSince = watched.first
        daysWatched = watched.count
        quietDaysNeeded = Self.days(quietPeriod)
        users = Self.users(used, now: now)
        trend = Trend(Self.daily(used, watched.filter { today.days(since: $0) <= UsageDay.keptSingly }), today: today)
        // A month that was summed up stands on its first day, and remembers when its last message came.
        let lastDay = used.map { max($0.day, min($0.counts.lastSeen.map(UsageDay.init) ?? $0.day, today)) }.max()
        if let lastDay, today.days(since: lastDay) <= 1 {
            judgement = .inUse
            quietSince = nil
            quietDaysWatched = 0
            return
        }
        let since = lastDay?.adding(1) ?? watched.first
        quietSince = since
        quietDaysWatched = since.map { since in watched.count { $0 >= since } } ?? 0
        let start = lastSeen ?? watched.first?.start ?? now
        // One day more: today is not over.
        let isQuiet =
            now.milliseconds &- start.milliseconds >= quietPeriod.milliseconds
            && today.days(since: since ?? today) + 1 >= quietDaysNeeded
        judgement = isQuiet && quietDaysWatched >= quietDaysNeeded ? .safeToRemove : .quiet
    }

    /// The reason for the judgement, in one sentence.
    package var because: String {
        let (quiet, all) = (Self.count(quietDaysWatched), Self.count(daysWatched))
        let needed = "\(quietDaysNeeded) are needed"
        return switch judgement {
        case .inUse: "a client used it today or yesterday"
        case .safeToRemove: "watched on \(quiet) without any use (\(needed))"
        case .quiet where watchedSince == nil: "not watched yet: nothing can be said"
        case .quiet where lastSeen == nil && daysWatched <= quietDaysNeeded:
            "watched for \(all) only, which is too little to call it safe (\(needed))"
        case .quiet: "watched on \(quiet) without any use, of the \(quietDaysNeeded) that are needed"
        }
    }

    private static func count(_ days: Int) -> String { days == 1 ? "1 day" : "\(days) days" }

    /// Whole days, rounded up.
    private static func days(_ span: TimeSpan) -> Int {
        let (whole, rest) = span.milliseconds.quotientAndRemainder(dividingBy: UsageDay.length)
        return Int(clamping: rest > 0 ? whole + 1 : whole)
    }

    private static func users(_ rows: [UsageRow], now: UnixTime) -> [User] {
        struct Name: Hashable {
            var app: ByteString
            var version: ByteString
        }
        var users: [Name: User] = [:]
        for row in rows {
            guard let seen = row.counts.lastSeen.map({ min($0, now) }) else { continue }
            let name = Name(app: ByteString(row.key.app), version: ByteString(row.key.version))
            var user =
                users[name] ?? User(app: row.key.app, version: row.key.version, messages: 0, lastSeen: seen)
            user.messages &+= row.counts.messages
            user.lastSeen = max(user.lastSeen, seen)
            users[name] = user
        }
        let sorted = users.values.sorted {
            $0.lastSeen != $1.lastSeen ? $0.lastSeen > $1.lastSeen : ($0.app, $0.version) < ($1.app, $1.version)
        }
        return Array(sorted.prefix(mostUsers))
    }

    /// Sessions by day; none on a day that was watched and has no row.
    private static func daily(_ rows: [UsageRow], _ watched: [UsageDay]) -> [(day: UsageDay, count: Int)] {
        var sketches: [UsageDay: DistinctSketch] = [:]
        for row in rows { sketches[row.day, default: DistinctSketch()].formUnion(row.counts.sessions) }
        // The first day was watched in part only.
        return watched.dropFirst().map { ($0, sketches[$0]?.count ?? 0) }
    }
}
