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
            address(route, bytes)
        } else {
            addressIfAbsent(route, bytes)
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
        let read = (form.address + form.others).map { envelope.value($0.read) }
        _ = envelope.scan(bytes, for: form.keys, nesting: .max, early: false)
        reshaper.begin(envelope)
        reshaper.drop(form.tokenSlot)
        if upstream.isUnified {
            address(route, form, read, isOwn: exchanges[id]?.endpoint != nil, bytes)
        } else {
            for member in form.address where form.keys.isTop(member.slot) { reshaper.drop(member.slot) }
        }
        for (index, member) in form.others.enumerated() { leaveOne(member, read[form.address.count + index], bytes) }
        let naming = exchanges[id]?.naming ?? .client
        if naming == .backend || naming == .made && upstream.needsConversation,
            form.keys.isTop(form.conversationSlot), let conversation = exchanges[id]?.conversation
        {
            reshaper.set(form.conversationSlot, json: conversation)
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
    private mutating func address(_ route: Route, _ bytes: Span<UInt8>) {
        for (level, slot) in table.routeSlots.enumerated() where table.strippable[level] {
            if level < route.tags.count, let tag = route.tags[level] {
                reshaper.set(slot, json: tag)
            } else {
                reshaper.drop(slot)
            }
        }
        if let placement = table.placement { reshaper.place(placement, route.placedTags, replacing: true, bytes) }
    }

    /// The unified backend may have another default route than ours: it is told the address that ours meant.
    private mutating func addressIfAbsent(_ route: Route, _ bytes: Span<UInt8>) {
        guard let first = table.routeSlots.first else { return }
        if let value = envelope.value(first), value.kind != .null { return }
        address(route, bytes)
    }

    /// Without its wrapper a message says the address that its route was found by, and no other.
    ///
    /// - Parameters:
    ///   - read: what was read with the wrapper around it, by level.
    ///   - isOwn: the route is that of the client's endpoint.
    private mutating func address(
        _ route: Route, _ form: UnwrappedRequest, _ read: [JSONValue?], isOwn: Bool, _ bytes: Span<UInt8>
    ) {
        let isAddressed = !isOwn && (read.first ?? nil).map { $0.kind != .null } == true
        var tags = route.placedTags
        for (level, member) in form.address.enumerated() where tags.indices.contains(level) {
            if isAddressed {
                let isNamed = route.matchBytes.indices.contains(level)
                if !isNamed { leaveOne(member, read[level], bytes) }
                if !isNamed || isTold(member.slot, route.matchBytes[level], bytes) {
                    tags[level] = .kept
                    continue
                }
            }
            guard form.keys.isTop(member.slot) else { continue }
            if let tag = route.tags[level] { reshaper.set(member.slot, json: tag) } else { reshaper.drop(member.slot) }
        }
        if let placement = form.placement { reshaper.place(placement, tags, replacing: true, bytes) }
    }

    /// Whether a member is there once and says this.
    private mutating func isTold(_ slot: Int, _ content: [UInt8], _ bytes: Span<UInt8>) -> Bool {
        !reshaper.isRepeated(slot) && envelope.value(slot).map { JSONString.equals(bytes, $0, content) } == true
    }

    /// Of a member that decides only what was read stays: what stands under its name beside the wrapper, or in it, must not
    /// be read in its place.
    private mutating func leaveOne(_ member: UnwrappedRequest.Member, _ read: JSONValue?, _ bytes: Span<UInt8>) {
        let slot = member.slot
        guard let value = envelope.value(slot), reshaper.isRepeated(slot) || value.start != read?.start else { return }
        reshaper.keepLast(slot)
        if let read {
            guard bytes.covers(read.start, read.end) else { return }
            reshaper.set(slot, json: bytes.extracting(read.start..<read.end))
        } else if member.isInside {
            reshaper.drop(slot)
        }
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
