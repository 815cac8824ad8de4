/// Messages and errors in the form in which a client, or its endpoint, knows them.
extension Switchboard {
    /// What tells the kinds of messages in the form in which our own are made: for old clients that is the unified form,
    /// unless there is nothing that would bring it to theirs.
    func kinds(of endpoint: Endpoint?) -> ReplyKinds {
        guard let endpoint, endpoint.toLegacy.isEmpty, let legacy = endpoint.route.legacy else {
            return table.definition.addressing.kinds
        }
        return legacy.settings.replies.by
    }

    func isAddress(_ name: String) -> Bool { table.definition.addressing.routeBy.contains(name) }

    /// A message of the unified form in an endpoint's own.
    mutating func legacyForm(
        _ splice: Splice, message: Span<UInt8>, _ endpoint: Endpoint, _ turn: inout Turn
    ) -> Splice {
        guard !endpoint.toLegacy.isEmpty, let keys = endpoint.unified?.replyKeys else { return splice }
        let bytes = turn.effects.splices.bytes(of: splice, message: message)
        guard envelope.scan(bytes.span, for: keys, nesting: .max, early: false) == .object else { return splice }
        reshaper.begin(envelope)
        reshaper.apply(endpoint.toLegacy, bytes.span)
        let made = reshaper.finish(envelope, keys: keys, bytes.span, into: &turn.effects.splices)
        turn.effects.splices.hold(bytes, for: made)
        return made
    }

    /// What a refused message is known by: its own address and conversation, where they are short.
    ///
    /// - Parameter but: the slot of a member that is left out.
    mutating func echoedMembers(_ bytes: Span<UInt8>, but left: Int = -1) -> [(name: String, json: [UInt8])] {
        var members: [(name: String, json: [UInt8])] = []
        let addressing = table.definition.addressing
        for (name, slot) in zip(
            addressing.routeBy + [addressing.conversationPlace], table.routeSlots + [table.conversationSlot])
        {
            guard slot != left, let value = envelope.value(slot), value.end - value.start <= 256 else { continue }
            members.append((name, copy(bytes, value.start..<value.end)))
        }
        for (name, slot) in zip(addressing.echo, table.echoSlots) {
            if let value = echoed(slot) { members.append((name, copy(bytes, value.start..<value.end))) }
        }
        return members
    }

    /// A member of the message in hand that errors about it repeat: a short scalar.
    mutating func echoed(_ slot: Int) -> JSONValue? {
        guard let value = envelope.value(slot), value.end - value.start <= Self.longestEcho else { return nil }
        switch value.kind {
        case .object, .array: return nil
        default: return value
        }
    }

    private static let longestEcho = 128

    /// What errors about the message in hand are to repeat once it is accepted, for a frontend that has several under way.
    ///
    /// It changes nothing, and is `mutating` for the reason that `nextDeadline` gives.
    mutating func echo(_ bytes: Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        for slot in table.echoSlots {
            guard let value = echoed(slot) else { continue }
            let label = table.requestKeys.labels[table.requestKeys.label(slot)]
            text.reserveCapacity(text.count + label.count + value.end - value.start)
            text.append(contentsOf: label)
            for index in value.start..<value.end { text.append(bytes[index]) }
        }
        return text
    }

    func missing(level: Int) -> String {
        let names = table.definition.addressing.routeBy
        let name = names.indices.contains(level) ? names[level] : "address"
        if level == 0 { return "\(name) is required" }
        return "\(name.prefix(1).uppercased())\(name.dropFirst()) is required"
    }

    /// `Unknown agent_type: x`, with the value cut where it is long.
    func unknown(_ code: ErrorCode, level: Int, _ bytes: Span<UInt8>) -> String {
        let names = table.definition.addressing.routeBy
        let name = names.indices.contains(level) ? names[level] : "address"
        guard level < table.routeSlots.count, let value = envelope.value(table.routeSlots[level]) else {
            return code.text
        }
        let content = value.kind == .string ? JSONString.content(bytes, value) : copy(bytes, value.start..<value.end)
        return "Unknown \(name): \(String(decoding: content.prefix(128), as: UTF8.self))"
    }

    /// A push that was just scanned, in the unified form. A legacy backend's belongs to its route; the unified one says
    /// itself whose its push is.
    mutating func shapedPush(
        of pool: Pool, _ upstream: Upstream, _ rules: ReplyRules, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) -> Splice {
        reshaper.begin(envelope)
        if !rules.toUnified.isEmpty { reshaper.apply(rules.toUnified, bytes) }
        if !upstream.isUnified {
            for (level, slot) in upstream.tagSlots.enumerated() {
                guard let slot, level < pool.lastRoute.tags.count, let tag = pool.lastRoute.tags[level] else {
                    continue
                }
                reshaper.set(slot, json: tag)
            }
            if let placement = upstream.placement {
                // A push may say more of itself than its route does.
                let tags = pool.lastRoute.tags.map { $0.map { PlacedValue.json($0) } ?? .kept }
                reshaper.place(placement, tags, replacing: false, bytes)
            }
        }
        return reshaper.finish(envelope, keys: upstream.replyKeys, bytes, into: &turn.effects.splices)
    }

    /// Brings an upstream's message to the unified form: its rules, then the route's tags, which overwrite.
    ///
    /// - Parameter restoring: what brings the unified form to a legacy endpoint's own.
    mutating func unify(
        _ route: Route, _ upstream: Upstream, conversation: [UInt8]?, _ bytes: Span<UInt8>,
        restoring: ReshapeProgram? = nil, _ turn: inout Turn
    ) -> Splice {
        if restoring?.isEmpty ?? true, let conversation, let form = route.replyForm(of: upstream) {
            return turn.effects.splices.splice(form, value: conversation, envelope, bytes)
        }
        reshaper.begin(envelope)
        let rules = route.rules(of: upstream)
        if !rules.toUnified.isEmpty { reshaper.apply(rules.toUnified, bytes) }
        for level in 0..<min(upstream.tagSlots.count, route.tags.count) {
            guard let slot = upstream.tagSlots[level] else { continue }
            if let tag = route.tags[level] { reshaper.set(slot, json: tag) } else { reshaper.drop(slot) }
        }
        if let conversation, upstream.isConversationOnTop, let slot = upstream.conversationSlot {
            reshaper.set(slot, json: conversation)
        }
        if let placement = upstream.placement {
            let values = route.placedTags + [conversation.map { .json($0) } ?? .kept]
            reshaper.place(placement, values, replacing: false, bytes)
        }
        if let restoring { reshaper.apply(restoring, bytes) }
        return reshaper.finish(envelope, keys: upstream.replyKeys, bytes, into: &turn.effects.splices)
    }

    func tags(of route: Route) -> [(name: String, json: [UInt8])] {
        zip(table.definition.addressing.routeBy, route.tags).compactMap { name, tag in tag.map { (name, $0) } }
    }
}
