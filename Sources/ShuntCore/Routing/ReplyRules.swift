/// The class of a backend's message.
package enum MessageClass: Sendable, Hashable {
    /// Ends an exchange.
    case reply
    /// Comes before an exchange's end.
    case part
    /// Answers nothing.
    case push
    /// An error reply after which the backend answers this connection no more. It ends an exchange.
    case fatal
}

/// How the messages of a backend are told apart and brought to the unified form: by its upstream's settings, or by those
/// that a route has of its own. Slots are those of one `KeySet`.
package final class ReplyRules: Sendable {
    let toUnified: ReshapeProgram
    /// The member that tells kinds, or -1 where presence does: of one of these.
    private let kindSlot: Int
    private let replySlots: [Int]
    private let pushSlots: [Int]
    private let types: ByteMap
    private let matchesNone: Bool
    private let untilSlot: Int
    private let until: ByteMap?
    private let errorSlot: Int
    private let messageSlot: Int
    private let deadPrefixes: [[UInt8]]
    private let pushTypes: ByteMap
    private let pushActions: [PushAction]
    /// nil where the configuration says nothing of messages without a kind.
    private let untypedPush: PushAction?
    /// Whether the configuration says which pushes are greetings.
    let namesGreetings: Bool

    private static let error = Array("error".utf8)

    /// The members that the rules ask for, for the `KeySet`.
    static func paths(_ replies: ReplySettings, _ toUnified: ReshapeRules) -> [String] {
        var paths = replies.by.paths
        if let until = replies.until { paths.append(until.path) }
        paths.append(replies.by.messagePath)
        return paths + ReshapeProgram.paths(of: toUnified)
    }

    init(
        _ replies: ReplySettings, pushes: [String: PushAction] = [:], deadAfterError: [String] = [],
        toUnified: ReshapeRules = ReshapeRules(), keys: KeySet
    ) throws(ReshapeProblem) {
        self.toUnified = try ReshapeProgram(toUnified, keys: keys)
        switch replies.by {
        case .member(let path):
            kindSlot = keys.slot(path) ?? -1
            (replySlots, pushSlots, errorSlot) = ([], [], -1)
        case .presence(let members, let pushMembers):
            kindSlot = -1
            replySlots = members.compactMap { keys.slot($0) }
            pushSlots = pushMembers.compactMap { keys.slot($0) }
            errorSlot = replies.by.errorPath.flatMap { keys.slot($0) } ?? -1
        }
        messageSlot = keys.slot(replies.by.messagePath) ?? -1
        types = ByteMap(replies.match)
        matchesNone = replies.matchNone
        untilSlot = replies.until.flatMap { keys.slot($0.path) } ?? -1
        until = replies.until.map { ByteMap($0.values) }
        deadPrefixes = deadAfterError.filter { !$0.isEmpty }.map { Array($0.utf8) }
        let listed = pushes.filter { !$0.key.isEmpty }.sorted { $0.key < $1.key }
        pushTypes = ByteMap(listed.map(\.key))
        pushActions = listed.map(\.value)
        untypedPush = pushes[""]
        namesGreetings = pushes.values.contains(.greeting)
    }

    /// Whether its replies may come in parts.
    var isStreaming: Bool { until != nil }

    /// Classifies a scanned message.
    func classify(_ envelope: borrowing Envelope, _ bytes: Span<UInt8>) -> MessageClass {
        let isReply: Bool
        let isError: Bool
        if kindSlot < 0 {
            let isPush = pushSlots.contains { Self.present($0, envelope) != nil }
            isReply = !isPush && replySlots.contains { envelope.value($0) != nil }
            isError = isReply && Self.present(errorSlot, envelope) != nil
        } else if let type = Self.present(kindSlot, envelope) {
            isReply = types.find(bytes, type) != nil
            isError = JSONString.equals(bytes, type, Self.error)
        } else {
            isReply = matchesNone
            isError = false
        }
        if isError, !deadPrefixes.isEmpty, isFatal(envelope, bytes) { return .fatal }
        guard let until else { return isReply ? .reply : .push }
        // What ends an exchange is a reply, whatever else the settings say of it.
        if isError || Self.present(untilSlot, envelope).map({ until.find(bytes, $0) != nil }) == true { return .reply }
        return isReply ? .part : .push
    }

    /// Whether a message is an error of the backend: by its kind, or because it has an `error`.
    func isError(_ envelope: borrowing Envelope, _ bytes: Span<UInt8>) -> Bool {
        if kindSlot < 0 { return Self.present(errorSlot, envelope) != nil }
        return envelope.value(kindSlot).map { JSONString.equals(bytes, $0, Self.error) } ?? false
    }

    /// The action for a push; nil where the configuration does not name its kind.
    func action(_ envelope: borrowing Envelope, _ bytes: Span<UInt8>) -> PushAction? {
        guard let kind = kind(envelope) else { return untypedPush }
        guard let found = pushTypes.find(bytes, kind) else { return nil }
        return pushActions.indices.contains(found) ? pushActions[found] : nil
    }

    /// The kind that a message names; nil for none.
    func kind(_ envelope: borrowing Envelope) -> JSONValue? {
        if kindSlot >= 0 { return Self.present(kindSlot, envelope) }
        for slot in pushSlots {
            if let value = Self.present(slot, envelope) { return value }
        }
        return nil
    }

    private func isFatal(_ envelope: borrowing Envelope, _ bytes: Span<UInt8>) -> Bool {
        guard let message = envelope.value(messageSlot), message.kind == .string else { return false }
        return deadPrefixes.contains { JSONString.hasPrefix(bytes, message, $0) }
    }

    /// A member's value; `null` counts as absent.
    private static func present(_ slot: Int, _ envelope: borrowing Envelope) -> JSONValue? {
        envelope.value(slot).flatMap { $0.kind == .null ? nil : $0 }
    }
}

extension ReplyKinds {
    /// The members that tell a message's kind.
    var paths: [String] {
        switch self {
        case .member(let path): [path]
        case .presence(let replies, let pushes): replies + pushes
        }
    }

    /// The member whose value says what a message is, be it a client's: where presence tells, that of a push.
    package var kindPath: String {
        switch self {
        case .member(let path): path
        case .presence(_, let pushes): pushes.first ?? "type"
        }
    }

    /// The member called `error` among those whose presence tells replies; nil for none.
    var errorPath: String? {
        guard case .presence(let replies, _) = self else { return nil }
        return replies.first { $0 == "error" || $0.hasSuffix(".error") }
    }

    /// The path of an error's text.
    var messagePath: String { errorPath.map { $0 + ".message" } ?? "message" }
}
