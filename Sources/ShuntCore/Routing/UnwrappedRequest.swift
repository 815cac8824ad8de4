/// Messages to an upstream whose `request` rules unwrap them: where its members are when those of the wrapper are members
/// of the top level.
final class UnwrappedRequest: Sendable {
    let keys: KeySet
    let program: ReshapeProgram
    let tokenSlot: Int
    let conversationSlot: Int
    let correlationSlot: Int?
    /// Slots of the `routeBy` members by level; nil for a dotted one, which stays where it is.
    let routeSlots: [Int?]

    init(
        _ rules: ReshapeRules, wrapper: String, addressing: AddressingSettings, correlation: String?
    ) throws(ReshapeProblem) {
        /// A path as it is without the wrapper.
        func path(_ whole: String) -> String {
            whole.hasPrefix(wrapper + ".") ? String(whole.dropFirst(wrapper.count + 1)) : whole
        }
        let routeBy = addressing.routeBy.map(path)
        let conversation = path(addressing.conversationField)
        let keys = KeySet(
            ["session_token", conversation] + routeBy + [correlation.map(path)].compactMap { $0 }
                + ReshapeProgram.paths(of: rules), unwrap: wrapper, folding: "session_token")
        self.keys = keys
        program = try ReshapeProgram(rules, keys: keys)
        tokenSlot = keys.slot("session_token") ?? 0
        conversationSlot = keys.slot(conversation) ?? 0
        correlationSlot = correlation.flatMap { keys.slot(path($0)) }
        routeSlots = routeBy.map { $0.contains(".") ? nil : keys.slot($0) }
    }
}
