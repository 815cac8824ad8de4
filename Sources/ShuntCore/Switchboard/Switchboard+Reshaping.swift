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
        let isAddressed = upstream.isUnified && (lacksAddress() || exchanges.at(id)?.pointee.endpoint != nil)
        let conversation = conversationToTell(id, upstream)
        if let form = upstream.requestForm, !isAddressed, conversation == nil, !envelope.oddities.contains(.repeated) {
            let splice = turn.effects.splices.splice(form, envelope, bytes)
            if blob { turn.effects.splices.hold(exchanges[id]?.held ?? [], for: splice) }
            return splice
        }
        let table = table
        reshaper.begin(envelope)
        if envelope.oddities.contains(.repeated) { keepLastOfDeciding(table) }
        reshaper.drop(table.tokenSlot)
        if !upstream.isUnified {
            for slot in table.strippedSlots { reshaper.drop(slot) }
        } else if isAddressed {
            address(route)
        }
        if let conversation, table.conversationIsTopLevel { reshaper.set(table.conversationSlot, json: conversation) }
        if let placement = table.placement {
            place(placement, isAddressed ? route.placedTags : [], conversation, levels: table.routeSlots.count, bytes)
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
        var tags: [PlacedValue] = []
        if upstream.isUnified {
            tags = address(route, form, read, isOwn: exchanges[id]?.endpoint != nil, bytes)
        } else {
            for member in form.address where form.keys.isTop(member.slot) { reshaper.drop(member.slot) }
        }
        for (index, member) in form.others.enumerated() { leaveOne(member, read[form.address.count + index], bytes) }
        let conversation = conversationToTell(id, upstream)
        if let conversation, form.addsConversation { reshaper.set(form.conversationSlot, json: conversation) }
        if let placement = form.placement { place(placement, tags, conversation, levels: form.address.count, bytes) }
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
    mutating func address(_ route: Route) {
        for (level, slot) in table.routeSlots.enumerated() where table.strippable[level] {
            if level < route.tags.count, let tag = route.tags[level] {
                reshaper.set(slot, json: tag)
            } else {
                reshaper.drop(slot)
            }
        }
    }

    /// Whether a message took the default route. The unified backend may have another one than ours: it is told the address
    /// that ours meant.
    @inline(__always)
    private mutating func lacksAddress() -> Bool {
        guard let first = table.routeSlots.first else { return false }
        return envelope.value(first).map { $0.kind == .null } ?? true
    }

    /// The conversation id that an upstream is told where the client named none: its own or, if it needs one, the one that
    /// was made.
    @inline(__always)
    private mutating func conversationToTell(_ id: ExchangeID, _ upstream: Upstream) -> [UInt8]? {
        guard let naming = exchanges.at(id)?.pointee.naming, naming != .client,
            naming == .backend || upstream.needsConversation
        else { return nil }
        return exchanges[id]?.conversation
    }

    /// Writes what has a dot, in one go: members may be in the same objects. For an address what stands in the way gives
    /// way; for a conversation id a client's own words do not.
    ///
    /// - Parameter tags: by level; empty where the address stays as it is.
    @inline(never)
    mutating func place(
        _ placement: borrowing Placement, _ tags: [PlacedValue], _ conversation: [UInt8]?, levels: Int,
        _ bytes: Span<UInt8>
    ) {
        if tags.isEmpty, conversation == nil { return }
        let isAddressed = tags.contains { if case .json = $0 { true } else { false } }
        var values = tags.isEmpty ? Array(repeating: .kept, count: levels) : tags
        values.append(conversation.map { .json($0) } ?? .kept)
        reshaper.place(placement, values, replacing: isAddressed, bytes)
    }

    /// Without its wrapper a message says the address that its route was found by, and no other.
    ///
    /// - Returns: what is written where it has a dot, by level.
    /// - Parameters:
    ///   - read: what was read with the wrapper around it, by level.
    ///   - isOwn: the route is that of the client's endpoint.
    mutating func address(
        _ route: Route, _ form: UnwrappedRequest, _ read: [JSONValue?], isOwn: Bool, _ bytes: Span<UInt8>
    ) -> [PlacedValue] {
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
        return tags
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
        guard let session = exchanges[id]?.session, let token = sessions[session]?.credential?.token, token.text != nil
        else { return }
        var json: [UInt8] = []
        JSONString.appendQuoted(token.bytes, to: &json)
        reshaper.set(slot, json: json)
    }
}
