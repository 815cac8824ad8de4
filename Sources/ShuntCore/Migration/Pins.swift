/// Which conversations of a session stay where they began while a share is strictly between 0 and 100 %, and which ones
/// the unified upstream has answered. Bounded; the one that was used longest ago goes first.
package struct Pins: Sendable {
    package static let most = 64

    private struct Entry: Sendable {
        let route: String
        var conversation: [UInt8]
        /// The conversation began on the legacy side, and stays there while it is used.
        var staysLegacy = false
        /// The unified upstream has answered in it.
        var isAnswered = false
        var lastUsed: Instant
    }

    private var entries: [Entry] = []
    /// Something was forgotten for want of room.
    private var hasForgotten = false

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }
    package var count: Int { entries.count }

    /// Whether the conversation is held by legacy.
    ///
    /// - Parameter isUsed: a message is there, so the time of idleness starts anew.
    package mutating func holds(
        _ route: String, _ conversation: [UInt8], idle: TimeSpan, now: Instant, isUsed: Bool = true
    ) -> Bool {
        guard let index = index(route, conversation), entries[index].staysLegacy else { return false }
        if now >= entries[index].lastUsed + idle {
            entries[index].staysLegacy = false
            return false
        }
        if isUsed { entries[index].lastUsed = now }
        return true
    }

    /// The conversation is served by legacy.
    package mutating func noteLegacy(_ route: String, _ conversation: [UInt8], now: Instant) {
        let index = place(route, conversation, now: now)
        entries[index].staysLegacy = true
        entries[index].lastUsed = now
    }

    /// The unified upstream has answered in the conversation.
    package mutating func noteAnswer(_ route: String, _ conversation: [UInt8], now: Instant) {
        let index = place(route, conversation, now: now)
        entries[index].isAnswered = true
        entries[index].lastUsed = now
    }

    /// A conversation has another id from now on.
    package mutating func rename(_ route: String, _ old: [UInt8], to new: [UInt8]) {
        guard let index = index(route, old), self.index(route, new) == nil else { return }
        entries[index].conversation = Self.name(new)
    }

    /// Whether it may have: what was forgotten counts as answered.
    package func mayBeAnswered(_ route: String, _ conversation: [UInt8]) -> Bool {
        guard let index = index(route, conversation) else { return hasForgotten }
        return entries[index].isAnswered
    }

    /// No conversation of these routes is held any more: the unified upstream serves them all.
    package mutating func release(_ routes: Set<String>) {
        for index in entries.indices where routes.contains(entries[index].route) { entries[index].staysLegacy = false }
    }

    private func index(_ route: String, _ conversation: [UInt8]) -> Int? {
        let name = Self.name(conversation)
        return entries.firstIndex { $0.conversation == name && $0.route == route }
    }

    /// A short name for a conversation id, which may be spelled in many ways and be as long as a message.
    private static func name(_ conversation: [UInt8]) -> [UInt8] {
        let conversation = JSONContent.key(conversation)
        if conversation.count <= 256 { return conversation }
        let hash = SipHash.hash(conversation, key: (0, UInt64(truncatingIfNeeded: conversation.count)))
        return Array(conversation.prefix(256)) + (0..<8).map { UInt8(truncatingIfNeeded: hash &>> UInt64(8 * $0)) }
    }

    private mutating func place(_ route: String, _ conversation: [UInt8], now: Instant) -> Int {
        if let index = index(route, conversation) { return index }
        if entries.count >= Self.most {
            hasForgotten = true
            if let oldest = entries.indices.min(by: { entries[$0].lastUsed < entries[$1].lastUsed }) {
                entries.remove(at: oldest)
            }
        }
        entries.append(Entry(route: route, conversation: Self.name(conversation), lastUsed: now))
        return entries.count - 1
    }
}
