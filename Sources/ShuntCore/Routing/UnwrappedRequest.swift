/// Messages to an upstream whose `request` rules unwrap them: where its members are when those of the wrapper are members
/// of the top level.
final class UnwrappedRequest: Sendable {
    /// A member that decides: where it was read, and where it stands without the wrapper.
    struct Member: Sendable {
        /// Slot in `RoutingTable.requestKeys`.
        let read: Int
        /// Slot in `UnwrappedRequest.keys`.
        let slot: Int
        /// Whether it is read in the wrapper; another one may stand beside it then, else in it.
        let isInside: Bool
    }

    let keys: KeySet
    let program: ReshapeProgram
    let tokenSlot: Int
    let conversationSlot: Int
    /// Whether a conversation id is a member of the top level without the wrapper: it can be added to every message.
    let addsConversation: Bool
    /// The `routeBy` members by level.
    let address: [Member]
    /// All others that decide.
    let others: [Member]
    /// Writes the address and, behind it, the conversation id where they have a dot without the wrapper, too.
    let placement: Placement?

    init(
        _ rules: ReshapeRules, wrapper: String, addressing: AddressingSettings, correlation: String?,
        requestKeys: KeySet
    ) throws(ReshapeProblem) {
        let routeBy = addressing.routeBy.map { Self.path($0, without: wrapper) }
        let conversation = Self.path(addressing.conversationField, without: wrapper)
        let others = [addressing.conversationField, addressing.kinds.kindPath] + [correlation].compactMap { $0 }
        let keys = KeySet(
            ["session_token"] + others.map { Self.path($0, without: wrapper) } + routeBy
                + Placement.parents(of: routeBy + [conversation]) + ReshapeProgram.paths(of: rules),
            unwrap: wrapper, folding: "session_token")
        func member(_ path: String) -> Member {
            let inner = Self.path(path, without: wrapper)
            return Member(
                read: requestKeys.slot(path) ?? -1, slot: keys.slot(inner) ?? -1, isInside: inner.count != path.count)
        }
        self.keys = keys
        program = try ReshapeProgram(rules, keys: keys)
        tokenSlot = keys.slot("session_token") ?? 0
        conversationSlot = keys.slot(conversation) ?? 0
        addsConversation = !conversation.contains(".")
        address = addressing.routeBy.map(member)
        var known = Set(address.map(\.slot))
        self.others = others.map(member).filter { known.insert($0.slot).inserted }
        placement = Placement((routeBy + [conversation]).enumerated().map { ($1, $0) }, keys: keys)
    }

    /// A path as it is without the wrapper.
    static func path(_ whole: String, without wrapper: String) -> String {
        whole.hasPrefix(wrapper + ".") ? String(whole.dropFirst(wrapper.count + 1)) : whole
    }

    /// Objects that would stand there twice without the wrapper, one from beside it and one from in it, and that a member
    /// that decides is in.
    static func doubled(_ paths: [String], wrapper: String) -> [(beside: String, inside: String)] {
        var known: Set<String> = []
        return paths.compactMap { path in
            let names = Self.path(path, without: wrapper).names
            guard names.count > 1, let name = names.first, known.insert(name).inserted else { return nil }
            return (name, wrapper + "." + name)
        }
    }
}
