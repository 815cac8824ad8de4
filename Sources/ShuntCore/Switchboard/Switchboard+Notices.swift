/// What clients of the unified endpoint are told of their session: no outcome of any message.
extension Switchboard {
    /// - Parameter kind: what the message says that it is.
    mutating func notify(_ id: ClientID, _ kind: String, _ turn: inout Turn) {
        guard let client = clients[id], !client.congested else { return }
        let left = client.credential.goodUntil - turn.now
        var members: [(name: String, json: [UInt8])] = []
        if client.credential.goodUntil < .distantFuture, left >= .zero {
            members.append(("expires_in", Array("\(left.milliseconds / 1000)".utf8)))
        }
        let start = turn.effects.splices.literalCount
        ErrorReply.appendNotice(
            kind, kinds: kinds(of: nil), members: members, to: &turn.effects.splices.literals)
        turn.effects.list.append(.deliver(id, turn.effects.splices.splice(literalsFrom: start)))
    }
}
