/// An upstream of a routing table, with everything about it that can be worked out before the first message.
package final class Upstream: Sendable {
    /// Its place in `RoutingTable.upstreams`.
    package let index: Int
    package let settings: UpstreamSettings
    /// Whether it is the one unified upstream: its messages carry their address, and name their conversation.
    package let isUnified: Bool
    /// The members of its messages that matter.
    package let replyKeys: KeySet
    package let typeSlot: Int
    package let messageSlot: Int
    package let conversationSlot: Int?
    /// For field correlation; nil for fifo.
    package let correlationSlot: Int?
    /// The slots of the `routeBy` members; nil for a dotted one, which no tag can be written to.
    package let tagSlots: [Int?]
    package let toUnified: ReshapeProgram
    package let request: ReshapeProgram
    /// The correlation member's slot in the table's request keys.
    package let requestCorrelationSlot: Int?
    package let replyTypes: ByteMap
    package let untilTypes: ByteMap?
    package let pushTypes: ByteMap
    package let pushActions: [PushAction]
    package let untypedPush: PushAction
    package let deadPrefixes: [[UInt8]]
    /// Of the settings, for the message path.
    package let exchangeTimeout: TimeSpan
    package let idleTimeout: TimeSpan
    /// Whether a sent message is kept, because it may be sent again.
    package let keepsSent: Bool
    /// Whether its backend is given the conversation id that we made where nobody named one.
    package let needsConversation: Bool
    /// Whether replies are told apart by their conversation id.
    package let correlatesByConversation: Bool

    /// - Parameter restored: the members that `to_legacy` rules of endpoints speak of, for the unified upstream.
    package init(
        index: Int, settings: UpstreamSettings, isUnified: Bool, addressing: AddressingSettings, requestKeys: KeySet,
        restored: [String] = []
    ) throws(ReshapeProblem) {
        self.index = index
        self.settings = settings
        self.isUnified = isUnified
        var paths = ["type", "message"] + ReshapeProgram.paths(of: settings.toUnified) + restored
        let taggable = addressing.routeBy.map { $0.contains(".") ? nil : $0 }
        paths += taggable.compactMap { $0 }
        let conversation = addressing.conversationField.contains(".") ? nil : addressing.conversationField
        if let conversation { paths.append(conversation) }
        var correlation: String?
        if case .field(let field, _) = settings.correlation {
            correlation = field
            paths.append(field)
        }
        let keys = KeySet(paths, unwrap: settings.toUnified.unwrap)
        replyKeys = keys
        typeSlot = keys.slot("type") ?? 0
        messageSlot = keys.slot("message") ?? 0
        conversationSlot = conversation.flatMap { keys.slot($0) }
        correlationSlot = correlation.flatMap { keys.slot($0) }
        tagSlots = taggable.map { $0.flatMap { keys.slot($0) } }
        toUnified = try ReshapeProgram(settings.toUnified, keys: keys)
        request = try ReshapeProgram(settings.request, keys: requestKeys)
        requestCorrelationSlot = correlation.flatMap { requestKeys.slot($0) }
        replyTypes = ByteMap(settings.replies.match)
        untilTypes = settings.replies.until.map { ByteMap($0) }
        let pushes = settings.pushes.filter { !$0.key.isEmpty }.sorted { $0.key < $1.key }
        pushTypes = ByteMap(pushes.map(\.key))
        pushActions = pushes.map(\.value)
        untypedPush = settings.pushes[""] ?? .drop
        exchangeTimeout = settings.exchangeTimeout
        idleTimeout = settings.idleTimeout
        keepsSent = settings.retrySafe
        correlatesByConversation = correlation == addressing.conversationField
        needsConversation = correlatesByConversation || isUnified && addressing.sendsMadeConversation
        deadPrefixes = settings.deadAfterError.filter { !$0.isEmpty }.map { Array($0.utf8) }
    }

    /// Whether a correlation value belongs to one exchange only.
    package var hasUniqueCorrelation: Bool {
        if case .field(_, unique: true) = settings.correlation { true } else { false }
    }
}
