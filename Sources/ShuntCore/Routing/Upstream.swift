/// An upstream of a routing table, with everything about it that can be worked out before the first message.
package final class Upstream: Sendable {
    /// Place in `RoutingTable.upstreams`.
    package let index: Int
    package let settings: UpstreamSettings
    /// Whether it is the one unified upstream: its messages carry their address, and name their conversation.
    package let isUnified: Bool
    /// The members of its messages that matter.
    package let replyKeys: KeySet
    /// Slot where the upstream's messages name their conversation.
    package let conversationSlot: Int?
    /// Whether that is at the top level; else `placement` writes it.
    let isConversationOnTop: Bool
    /// Slot of the correlation member; nil for fifo.
    package let correlationSlot: Int?
    /// The slots of the `routeBy` members.
    package let addressSlots: [Int]
    /// The same; nil for a dotted one, whose tag `placement` writes.
    package let tagSlots: [Int?]
    /// Writes dotted tags, by level, and behind them a dotted conversation id; nil where there is none.
    let placement: Placement?
    /// Its requests where nothing more is done to them than to cut what it must not see; nil where rules act on them.
    let requestForm: ReadyForm?
    /// Whether rules or tags act on its replies: on all duplicates of a member, so that they are scanned to their end.
    package let editsReplies: Bool
    /// How its messages are read, unless the route that they are of has rules of its own.
    let rules: ReplyRules
    /// Rules of routes, by their names. Only the unified upstream has such.
    let routeRules: [String: ReplyRules]
    /// The members that tell the kinds of messages that are passed through, and the rules over them.
    let passedKeys: KeySet
    let passedRules: ReplyRules
    /// Slot in `passedKeys` where a client's own message says what it is.
    let passedKindSlot: Int
    package let request: ReshapeProgram
    /// Keys for messages that are unwrapped; nil where they are not.
    let unwrapped: UnwrappedRequest?
    /// The correlation member's slot in the table's request keys.
    package let requestCorrelationSlot: Int?
    /// First words on a connection, before any client's message; nil for none.
    package let opening: OpeningSteps?
    /// Copied from the settings, for the message path.
    package let exchangeTimeout: TimeSpan
    package let idleTimeout: TimeSpan
    /// Whether a sent message is kept, because it may be sent again.
    package let keepsSent: Bool
    /// Whether one is kept until the backend's first word, because a close code may say that nothing was read.
    package let keepsUnread: Bool
    /// Whether its backend is given the conversation id that we made where nobody named one.
    package let needsConversation: Bool
    /// Whether replies are told apart by their conversation id.
    package let correlatesByConversation: Bool

    /// - Parameters:
    ///   - restored: the members that `to_legacy` rules of endpoints speak of, for the unified upstream.
    ///   - routes: what routes say for themselves, for the unified upstream, by their names.
    init(
        index: Int, settings: UpstreamSettings, isUnified: Bool, addressing: AddressingSettings,
        keys sets: inout KeySets,
        restored: [String] = [], routes: [String: UnifiedRouteSettings] = [:]
    ) throws(ReshapeProblem) {
        let requestKeys = sets.request
        self.index = index
        self.settings = settings
        self.isUnified = isUnified
        var paths = ReplyRules.paths(settings.replies, settings.toUnified) + restored
        for (_, own) in routes.sorted(by: { $0.key < $1.key }) {
            paths += ReplyRules.paths(own.replies ?? settings.replies, own.toUnified ?? settings.toUnified)
        }
        let taggable = addressing.routeBy.map { $0.contains(".") ? nil : $0 }
        let echoed = addressing.conversationPlace
        let placed = addressing.routeBy + [echoed]
        paths += placed + Placement.parents(of: placed)
        var correlation: String?
        if case .field(let field, _) = settings.correlation {
            correlation = field
            paths.append(settings.correlationInReplies ?? field)
        }
        let keys = sets.keys(paths, unwrap: settings.toUnified.unwrap)
        replyKeys = keys
        conversationSlot = keys.slot(echoed)
        isConversationOnTop = !echoed.contains(".")
        correlationSlot = correlation.flatMap { keys.slot(settings.correlationInReplies ?? $0) }
        tagSlots = taggable.map { $0.flatMap { keys.slot($0) } }
        addressSlots = addressing.routeBy.map { keys.slot($0) ?? -1 }
        placement = Placement(placed.enumerated().map { ($1, $0) }, keys: keys)
        editsReplies =
            !settings.toUnified.isEmpty || !restored.isEmpty || !routes.isEmpty || isConversationOnTop
            || taggable.contains { $0 != nil } || placement != nil
        rules = try ReplyRules(
            settings.replies, pushes: settings.pushes, deadAfterError: settings.deadAfterError,
            toUnified: settings.toUnified, keys: keys)
        var routeRules: [String: ReplyRules] = [:]
        for (name, own) in routes {
            routeRules[name] = try ReplyRules(
                own.replies ?? settings.replies, pushes: own.pushes ?? settings.pushes,
                deadAfterError: settings.deadAfterError, toUnified: own.toUnified ?? settings.toUnified, keys: keys)
        }
        self.routeRules = routeRules
        let kindPath = settings.replies.by.kindPath
        let passed = sets.keys(settings.replies.by.paths + [settings.replies.until?.path, kindPath].compactMap { $0 })
        passedKeys = passed
        passedKindSlot = passed.slot(kindPath) ?? 0
        passedRules = try ReplyRules(settings.replies, pushes: settings.pushes, keys: passed)
        if isUnified {
            let wrapper = settings.request.unwrap
            let paths = addressing.routeBy.map { path in
                wrapper.map { UnwrappedRequest.path(path, without: $0) } ?? path
            }
            try Self.check(settings.request, routeBy: paths)
        }
        if let wrapper = settings.request.unwrap {
            request = ReshapeProgram()
            unwrapped = try UnwrappedRequest(
                settings.request, wrapper: wrapper, addressing: addressing, correlation: correlation,
                requestKeys: requestKeys)
        } else {
            request = try ReshapeProgram(settings.request, keys: requestKeys)
            unwrapped = nil
        }
        requestForm = Self.requestForm(settings, hiding: isUnified ? [] : addressing.routeBy, requestKeys)
        requestCorrelationSlot = correlation.flatMap { requestKeys.slot($0) }
        exchangeTimeout = settings.exchangeTimeout
        idleTimeout = settings.idleTimeout
        keepsSent = settings.retrySafe
        keepsUnread = !settings.closes.isEmpty
        correlatesByConversation = correlation == addressing.conversationField
        needsConversation = correlatesByConversation || isUnified && addressing.sendsMadeConversation
        opening = OpeningSteps(settings)
    }

    /// The form of requests that no rule acts on: without the client's own token, and without these members.
    private static func requestForm(_ settings: UpstreamSettings, hiding paths: [String], _ keys: KeySet) -> ReadyForm?
    {
        guard settings.request.isEmpty, settings.identity != .message else { return nil }
        let hidden = ["session_token"] + paths.filter { !$0.contains(".") }
        return ReadyForm(hidden.map { (keys.slot($0) ?? -1, nil) }, keys: keys)
    }

    /// The form of replies that get these tags, by level, and their conversation; nil where more is done to them.
    func replyForm(tags: [[UInt8]?], _ rules: ReplyRules) -> ReadyForm? {
        guard rules.toUnified.isEmpty, placement == nil, isConversationOnTop, let conversationSlot else { return nil }
        let members = zip(tagSlots, tags).map { (slot: $0 ?? -1, json: $1) }
        return ReadyForm(members, open: conversationSlot, keys: replyKeys)
    }

    /// The address is written into messages before the rules act, and what they move moves as the client wrote it.
    static func check(_ rules: ReshapeRules, routeBy: [String]) throws(ReshapeProblem) {
        for path in routeBy {
            let parents = Placement.parents(of: [path])
            for (rule, moves) in [("rename", rules.rename), ("copy", rules.copy)] {
                guard let move = moves.first(where: { parents.contains($0.from) }) else { continue }
                throw ReshapeProblem(
                    "\(rule): '\(move.from)' holds the address (route_by: \(path)) and cannot be moved; leave it where it "
                        + "is, or name the address in route_by where it may stay")
            }
        }
    }

    /// Whether replies of any of its routes may come in parts.
    package var hasStreams: Bool { rules.isStreaming || routeRules.values.contains { $0.isStreaming } }

    /// Whether a correlation value belongs to one exchange only.
    package var hasUniqueCorrelation: Bool {
        if case .field(_, unique: true) = settings.correlation { true } else { false }
    }
}
