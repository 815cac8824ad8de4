/// Messages brought to the form that their upstream takes.
extension Switchboard {
    /// The message in the form that the route's upstream takes: address stripped where the path says it, a client's
    /// own `session_token` never passed on, the upstream's `request` rules applied.
    mutating func reshape(
        _ id: ExchangeID, _ route: Route, _ upstream: Upstream, _ bytes: Span<UInt8>, blob: Bool,
        _ turn: inout Turn
    ) -> Splice {
        if let unwrapped = upstream.unwrapped {
            return unwrap(id, route, upstream, unwrapped, bytes, blob: blob, &turn)
        }
        let table = table
        reshaper.begin(envelope)
        if envelope.oddities.contains(.repeated) { keepLastOfDeciding(table) }
        reshaper.drop(table.tokenSlot)
        if !upstream.isUnified {
            for slot in table.strippedSlots { reshaper.drop(slot) }
        } else if exchanges[id]?.endpoint != nil {
            address(route)
        } else {
            addressIfAbsent(route)
        }
        if let naming = exchanges[id]?.naming, naming != .client, naming == .backend || upstream.needsConversation,
            table.conversationIsTopLevel, let conversation = exchanges[id]?.conversation
        {
            reshaper.set(table.conversationSlot, json: conversation)
        }
        if !upstream.request.isEmpty { reshaper.apply(upstream.request, bytes) }
        if upstream.settings.identity == .message { identify(id, table.tokenSlot) }
        let splice = reshaper.finish(envelope, keys: table.requestKeys, bytes, into: &turn.effects.splices)
        if !blob { return splice }
        turn.effects.splices.hold(exchanges[id]?.held ?? [], for: splice)
        return splice
    }

    /// The same for an upstream that takes messages out of their wrapper: what is in it is at the top level then.
    @inline(never)
    private mutating func unwrap(
        _ id: ExchangeID, _ route: Route, _ upstream: Upstream, _ form: UnwrappedRequest, _ bytes: Span<UInt8>,
        blob: Bool, _ turn: inout Turn
    ) -> Splice {
        _ = envelope.scan(bytes, for: form.keys, nesting: .max, early: false)
        reshaper.begin(envelope)
        reshaper.drop(form.tokenSlot)
        let isAddressed = form.routeSlots.first.flatMap { $0 }.flatMap { envelope.value($0) }.map { $0.kind != .null }
        for (level, slot) in form.routeSlots.enumerated() {
            guard let slot else { continue }
            if !upstream.isUnified {
                reshaper.drop(slot)
            } else if exchanges[id]?.endpoint != nil || isAddressed != true {
                if let tag = route.tags[level] { reshaper.set(slot, json: tag) } else { reshaper.drop(slot) }
            }
        }
        let repeats = envelope.oddities.contains(.repeated)
        let sent = envelope.value(form.conversationSlot)
        let naming = exchanges[id]?.naming ?? .client
        let needsOne = naming == .backend || naming == .made && upstream.needsConversation
        // What stands beside the wrapper under the same name must not be read in its place.
        if repeats || needsOne, form.keys.isTop(form.conversationSlot), let conversation = exchanges[id]?.conversation,
            needsOne || sent != nil
        {
            reshaper.set(form.conversationSlot, json: conversation)
        }
        if repeats, let slot = form.correlationSlot, let value = exchanges[id]?.correlation, !value.isEmpty {
            reshaper.set(slot, json: value)
        }
        reshaper.apply(form.program, bytes)
        if upstream.settings.identity == .message { identify(id, form.tokenSlot) }
        let splice = reshaper.finish(envelope, keys: form.keys, bytes, into: &turn.effects.splices)
        if blob { turn.effects.splices.hold(exchanges[id]?.held ?? [], for: splice) }
        return splice
    }

    /// Equal duplicates of a member that decides are cut to one, so that whichever a backend reads is there to be read.
    @inline(never)
    private mutating func keepLastOfDeciding(_ table: RoutingTable) {
        for slot in table.deciding.address + table.deciding.others { reshaper.keepLast(slot) }
    }

    /// An old client's message has no address but that of its endpoint.
    private mutating func address(_ route: Route) {
        for (level, slot) in table.routeSlots.enumerated() where table.strippable[level] {
            if level < route.tags.count, let tag = route.tags[level] {
                reshaper.set(slot, json: tag)
            } else {
                reshaper.drop(slot)
            }
        }
    }

    /// The unified backend may have another default route than ours: it is told the address that ours meant.
    private mutating func addressIfAbsent(_ route: Route) {
        guard let first = table.routeSlots.first else { return }
        if let value = envelope.value(first), value.kind != .null { return }
        address(route)
    }

    /// Says whose message it is, to a backend that takes the identity from each message.
    private mutating func identify(_ id: ExchangeID, _ slot: Int) {
        // A token that is no UTF-8 can be in no message; the handshake check keeps it away from such backends, but a
        // reload may bring one. It then gets a message without any.
        guard let session = exchanges[id]?.session, let token = sessions[session]?.token, token.text != nil
        else { return }
        var json: [UInt8] = []
        JSONString.appendQuoted(token.bytes, to: &json)
        reshaper.set(slot, json: json)
    }
}
