/// Legacy endpoints' words about their end: while they are deprecated (phase `deprecate`), and once they are closed
/// (`complete`).
package struct DeprecationSettings: Sendable, Hashable {
    /// Since or from when they are deprecated; nil announces no date, and so no `Deprecation` (RFC 9745).
    package var deprecatedAt: UnixTime?
    /// The time when the endpoints are expected to go; not before `deprecatedAt`.
    package var sunset: UnixTime?
    /// The URL of a page for the people who have to do something about it.
    package var link: String?
    /// The successor: a URL or an absolute path; nil is the unified endpoint's path.
    package var successor: String?
    /// The JSON text that tells a client in-band, once for each socket; nil tells nothing. `{deprecated_at}`, `{sunset}`,
    /// `{link}` and `{successor}` are filled in.
    package var notice: String?
    /// No two of them cover the same route at the same time.
    package var brownouts: [Brownout] = []
    package init() {}

    /// The words that `notice` may have in braces.
    package static let placeholders = ["deprecated_at", "sunset", "link", "successor"]
}

/// A window in which a share of the sessions cannot use deprecated endpoints: whoever still needs them finds out while
/// there is time.
package struct Brownout: Sendable, Hashable {
    /// Names of routes; `*` stands for any run of characters.
    package var routes: [String]
    package var from: UnixTime
    /// Longer than nothing.
    package var length: TimeSpan
    /// Share of the sessions.
    package var share: Rollout

    package init(routes: [String], from: UnixTime, length: TimeSpan, share: Rollout) {
        self.routes = routes
        self.from = from
        self.length = length
        self.share = share
    }

    /// The first moment after it.
    package var until: UnixTime { from + length }

    package func covers(route name: String) -> Bool {
        routes.contains { ClientOverride(app: $0, servedBy: .legacy).matches(app: ByteString(name)) }
    }

    package func isInForce(at wall: UnixTime) -> Bool { from <= wall && wall < until }

    package func overlaps(_ other: Brownout) -> Bool { from < other.until && other.from < until }

    /// The span over which open sockets are closed when the window begins: a tenth of the window, thirty seconds at most,
    /// so that they do not all come back at once.
    package var spread: TimeSpan { min(.seconds(30), TimeSpan(nanoseconds: length.nanoseconds / 10)) }

    /// Whether a user is among its share. The bucket is salted by the window's beginning: the same user stays in or out
    /// for the whole window and on all its routes, other windows pick others, and none of them the rollout's.
    ///
    /// - Parameter user: the session key's, or for a client without a token its address.
    package func picks(_ user: ByteString) -> Bool {
        Bucket.of(salt: "brownout \(from.seconds)", user: user) < share.steps
    }

    /// Whole seconds until its end, at least one: a `Retry-After` (RFC 9110 §10.2.3).
    package func retryAfter(at wall: UnixTime) -> Int64 {
        let (left, overflow) = until.milliseconds.subtractingReportingOverflow(wall.milliseconds)
        guard !overflow, left > 0 else { return 1 }
        return left / 1000 + (left % 1000 == 0 ? 0 : 1)
    }
}
