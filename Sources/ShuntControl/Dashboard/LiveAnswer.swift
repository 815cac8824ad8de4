import ShuntCore

/// What a stream of `GET /api/v1/live` begins with: the event `history`.
package struct LiveHistory: Codable, Sendable, Hashable {
    package struct Point: Codable, Sendable, Hashable {
        package var at: String
        package var legacy: Double
        package var unified: Double
        package var errors: Double
        package var atLegacyEndpoints: Double
        package var atUnifiedEndpoint: Double
        package var clients: Int
    }

    package var version: String
    package var startedAt: String
    /// `read` or `write`: what the caller may do.
    package var access: String
    /// Between points.
    package var intervalMs: Int
    /// The oldest first.
    package var points: [Point]

    init(_ report: MetricsReport, _ points: [LiveWindow.Point], mayChange: Bool) {
        version = report.version
        startedAt = report.startedAt.text
        access = mayChange ? "write" : "read"
        intervalMs = Int(LiveWindow.spacing * 1000)
        self.points = points.map {
            let rates = LiveRates($0.rates)
            return Point(
                at: $0.at.text, legacy: rates.legacy, unified: rates.unified, errors: rates.errors,
                atLegacyEndpoints: rates.atLegacyEndpoints, atUnifiedEndpoint: rates.atUnifiedEndpoint,
                clients: $0.clients)
        }
    }
}

/// What follows: the event `sample`.
package struct LiveSample: Codable, Sendable, Hashable {
    package struct Now: Codable, Sendable, Hashable {
        package var clients: Int
        package var sessions: Int
        package var connections: Int
        package var exchanges: Int
        package var parkedReplies: Int
    }

    /// Client sockets on the unified endpoint, by the sides of the routes that each has used.
    package struct UnifiedSockets: Codable, Sendable, Hashable {
        package var idle: Int
        package var fanOut: Int
        package var relay: Int
        package var both: Int
    }

    package var at: String
    package var revision: Int64
    /// The id of the newest event; 0 before the first.
    package var lastEvent: Int64
    package var phase: String
    package var draining: Bool
    package var workers: Int
    /// Workers that are too busy to report: their part is older than it should be.
    package var lateWorkers: Int
    package var now: Now
    package var unifiedSockets: UnifiedSockets
    /// Client sockets on values that no route's template lists.
    package var unlistedSockets: Int
    package var rates: LiveRates
    /// Those that differ from what this stream told before. Of what it never told of, all figures are zero.
    package var routes: [LiveRoute]
    package var pools: [PoolAnswer]
}

/// Messages a second, over all routes.
package struct LiveRates: Codable, Sendable, Hashable {
    package var legacy: Double
    package var unified: Double
    package var errors: Double
    package var atLegacyEndpoints: Double
    package var atUnifiedEndpoint: Double

    init(_ rates: LiveFigures.Rates) {
        legacy = rates.legacy.rounded(to: 100)
        unified = rates.unified.rounded(to: 100)
        errors = rates.errors.rounded(to: 100)
        atLegacyEndpoints = rates.atLegacyEndpoints.rounded(to: 100)
        atUnifiedEndpoint = rates.atUnifiedEndpoint.rounded(to: 100)
    }
}

/// A route's figures: rates over the last seconds, shares and latencies over the last minute.
package struct LiveRoute: Codable, Sendable, Hashable {
    package struct Side: Codable, Sendable, Hashable {
        package var messagesPerSecond: Double
        package var errorsPerSecond: Double
        /// That ended, in the last minute.
        package var exchanges: Int
        /// Of those, 0 to 100; absent where none ended.
        package var errorPercent: Double?
        package var p50Ms: Double?
        package var p99Ms: Double?

        init(_ side: LiveFigures.Side) {
            messagesPerSecond = side.messages.rounded(to: 100)
            errorsPerSecond = side.errors.rounded(to: 100)
            exchanges = side.exchanges
            errorPercent = side.errorShare.map { (100 * $0).rounded(to: 100) }
            p50Ms = side.median?.rounded(to: 10)
            p99Ms = side.p99?.rounded(to: 10)
        }
    }

    package var name: String
    package var servedBy: String
    package var unifiedPercent: Double
    package var decidedBy: String
    package var paused: Bool
    /// Client sockets on its legacy endpoint, by way.
    package var passthrough: Int
    package var raw: Int
    package var collapse: Int
    package var waiting: Int
    package var legacy: Side
    package var unified: Side

    /// Whether there is nothing to tell that `GET /api/v1/routes` does not.
    var isQuiet: Bool {
        let none = Side(LiveFigures.Side())
        return passthrough + raw + collapse + waiting == 0 && legacy == none && unified == none
    }
}

extension Double {
    /// - Parameter parts: of one: 100 for two digits behind the point.
    fileprivate func rounded(to parts: Double) -> Double { (self * parts).rounded() / parts }
}
