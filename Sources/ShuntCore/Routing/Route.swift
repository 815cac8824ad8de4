/// An addressable agent.
package final class Route: Sendable {
    /// The route's place in `RoutingTable.routes`; -1 for the route of an unlisted endpoint, which no message can name.
    package let index: Int
    package let name: String
    /// The values of the `routeBy` members, as they are matched.
    package let match: [String]
    /// What is in force for it.
    package let decision: RouteDecision
    package let legacy: Upstream?
    package let unified: Upstream?
    package let overrides: [ClientOverride]
    package let pin: PinMode
    package let pinIdle: TimeSpan
    package let fallsBack: Bool
    package let isPaused: Bool
    /// One side serves it until the table changes, for all but clients with an override.
    package let isFixed: Bool
    /// For each `routeBy` member the value that tags this route's replies, as JSON; nil where the route has none.
    package let tags: [[UInt8]?]
    /// The same for a `Placement`.
    let placedTags: [PlacedValue]
    /// `match` as bytes, to compare a reply's own address with.
    package let matchBytes: [[UInt8]]
    /// How the unified upstream's messages of this route are read, where the route says so itself.
    let unifiedRules: ReplyRules?
    /// Replies of either side, brought to the unified form; nil where more is done to them than to say whose they are.
    private let legacyForm: ReadyForm?
    private let unifiedForm: ReadyForm?

    package init(
        index: Int, settings: RouteSettings, decision: RouteDecision, legacy: Upstream?, unified: Upstream?, depth: Int
    ) {
        let ownRules = unified?.routeRules[settings.name]
        unifiedRules = ownRules
        self.index = index
        name = settings.name
        match = settings.match
        self.decision = decision
        self.legacy = legacy
        self.unified = unified
        overrides = settings.overrides
        pin = settings.pin
        pinIdle = settings.pinIdle
        fallsBack = settings.fallsBack && legacy != nil
        isPaused = settings.isPaused
        isFixed = decision.rollout.side != nil && !(settings.fallsBack && legacy != nil)
        matchBytes = settings.match.map { Array($0.utf8) }
        let tags = (0..<depth).map { level -> [UInt8]? in
            guard level < settings.match.count else { return nil }
            var json: [UInt8] = []
            JSONString.appendQuoted(Array(settings.match[level].utf8), to: &json)
            return json
        }
        self.tags = tags
        placedTags = tags.map { $0.map { .json($0) } ?? .dropped }
        legacyForm = legacy.flatMap { $0.replyForm(tags: tags, $0.rules) }
        unifiedForm = unified.flatMap { $0.replyForm(tags: tags, ownRules ?? $0.rules) }
    }

    /// What an upstream's replies of this route become; nil where more is done to them, or the upstream is of another table.
    @inline(__always)
    func replyForm(of upstream: Upstream) -> ReadyForm? {
        upstream === legacy ? legacyForm : upstream === unified ? unifiedForm : nil
    }

    /// How an upstream's messages of this route are read.
    func rules(of upstream: Upstream) -> ReplyRules {
        upstream.isUnified ? unifiedRules ?? upstream.rules : upstream.rules
    }

    /// Who serves the route on a side. A side without an upstream is never chosen by a checked table; should one be
    /// asked for, the other serves.
    package func upstream(_ side: Side) -> Upstream? {
        side == .legacy ? legacy ?? unified : unified ?? legacy
    }
}
