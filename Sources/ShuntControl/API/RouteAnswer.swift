package import ShuntCore

/// `GET /api/v1/routes`: all routes, in the order of the file.
package struct RoutesAnswer: Codable, Sendable, Hashable {
    package var routes: [RouteAnswer]
    package init(_ routes: [RouteStatus]) { self.routes = routes.map(RouteAnswer.init) }
}

/// `GET /api/v1/routes/{name}`: a route, what is in force for it and what made it so.
package struct RouteAnswer: Codable, Sendable, Hashable {
    /// What was done for the route since the process began; `sockets` and `waiting` are of now.
    package struct Counts: Codable, Sendable, Hashable {
        package var byLegacy: Int
        package var byUnified: Int
        package var errorsByLegacy: Int
        package var errorsByUnified: Int
        package var sockets: Int
        package var waiting: Int
    }

    package var name: String
    /// `agent_type=liaison`, `pillar=content`.
    package var match: [String]
    /// The path of old clients; absent where there is none.
    package var endpoint: String?
    /// Where that endpoint stands; absent where there is none.
    package var life: EndpointLifeAnswer?
    /// What is in force: `legacy`, `unified` or a share such as `25%`.
    package var servedBy: String
    /// The same as a number: 0 to 100.
    package var unifiedPercent: Double
    /// `override`, `hold`, `phase` or `file`.
    package var decidedBy: String
    package var fileSays: String
    /// Of the file, where what is in force stands there.
    package var line: Int?
    package var override: OverrideAnswer?
    package var paused: Bool
    package var legacyUpstream: String?
    package var unifiedUpstream: String?
    package var counts: Counts

    package init(_ route: RouteStatus) {
        name = route.name
        match = route.match
        endpoint = route.endpoint
        life = route.life.map(EndpointLifeAnswer.init)
        servedBy = route.decision.rollout.text
        unifiedPercent = Double(route.decision.rollout.steps) / 100
        decidedBy = route.decision.origin.rawValue
        fileSays = route.fileSays.text
        line = route.line
        override = route.override.map(OverrideAnswer.init)
        paused = route.isPaused
        legacyUpstream = route.legacyUpstream
        unifiedUpstream = route.unifiedUpstream
        counts = Counts(
            byLegacy: route.tally.byLegacy, byUnified: route.tally.byUnified,
            errorsByLegacy: route.tally.errorsByLegacy, errorsByUnified: route.tally.errorsByUnified,
            sockets: route.tally.sockets, waiting: route.tally.waiting)
    }
}

/// A legacy endpoint's life. Times as RFC 3339 has them, in UTC.
package struct EndpointLifeAnswer: Codable, Sendable, Hashable {
    package struct Brownout: Codable, Sendable, Hashable {
        package var from: String
        package var until: String
        /// `100%`.
        package var share: String
    }

    /// `open`, `deprecated` or `closed`.
    package var state: String
    package var deprecatedAt: String?
    package var sunset: String?
    /// The one in force, else the next one.
    package var brownout: Brownout?

    package init(_ life: EndpointLife) {
        state = life.state.rawValue
        deprecatedAt = life.deprecatedAt?.shortText
        sunset = life.sunset?.shortText
        brownout = life.brownout.map {
            Brownout(from: $0.from.shortText, until: $0.until.shortText, share: $0.share.percentText)
        }
    }
}

/// What API or CLI set above the file.
package struct OverrideAnswer: Codable, Sendable, Hashable {
    /// `25%`, or a phase.
    package var value: String
    package var at: String
    package var by: String
    package var reason: String

    package init(_ override: StoredOverride) {
        value = override.value
        at = override.at.text
        by = override.by
        reason = override.reason
    }
}
