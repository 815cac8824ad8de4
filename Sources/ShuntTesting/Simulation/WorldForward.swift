import ShuntCore

/// Judges what the core sends to backends.
extension World {
    func checkForward(_ id: ConnectionID, _ bytes: [UInt8], _ kind: MessageKind) {
        guard let connection = ready(id, "a message") else { return }
        note("  → forward u\(connection): \(printable(bytes))")
        if isFirstWord(connection, bytes) { return }
        if let opening = connections[connection].opening {
            // Once it has greeted, what it asks is answered as ever.
            if opening.isGreeted, let members = JSONReader.members(of: bytes), messageNumber(members) == nil {
                return checkAnswer(connection, bytes)
            }
            fail(.order, "u\(connection) gets \(printable(bytes)) before all first words were said")
        }
        if connections[connection].through != nil { return checkPassed(connection, bytes, kind) }
        if kind != .text { fail(.bytes, "u\(connection) gets a binary message on a routed way") }
        guard let members = JSONReader.members(of: bytes) else {
            return fail(.bytes, "what is forwarded to u\(connection) is no JSON object: \(printable(bytes))")
        }
        guard let number = messageNumber(members) else { return checkAnswer(connection, bytes) }
        guard messages.indices.contains(number), let route = messages[number].route else {
            return fail(.bytes, "m\(number) must not be forwarded at all: \(printable(bytes))")
        }
        _ = undoubt(number)
        checkMayBeSent(number, connection)
        checkIdentity(number, route, connection)
        checkOrder(number, route, connection)
        if !overtakes(number, on: connection) {
            checkSide(number, route, connections[connection].upstream == arrangement.unified ? .unified : .legacy)
        }
        checkMembers(number, route, connection, members)
        checkPace(number, connections[connection].upstream)
        guard failure == nil else { return }
        fly(number, route, connection, members)
    }

    /// In no window of time are there more messages of a session than the upstream's pace allows.
    private func checkPace(_ number: Int, _ upstream: Int) {
        let rates = arrangement.upstreams[upstream].pace
        guard !rates.isEmpty else { return }
        let owner = messages[number].session ?? -1 - messages[number].client
        let key = PoolKey(owner: owner, upstream: upstream, tenant: "")
        let times = paced[key, default: []]
        for rate in rates where times.count >= rate.count && times[times.count - rate.count] + rate.per > now {
            fail(.pace, "m\(number) is one too many for upstream \(upstream), which takes \(rate.count) in \(rate.per)")
        }
        paced[key, default: []].append(now)
    }

    private func messageNumber(_ members: [JSONMember]) -> Int? {
        guard let text = members.last(where: { $0.key == "message" }).flatMap({ JSONReader.string(of: $0.value) }),
            text.first == "m"
        else { return nil }
        return Int(text.dropFirst().prefix { $0.isNumber })
    }

    /// Something that is no client's message must be the configured answer to a push.
    private func checkAnswer(_ connection: Int, _ bytes: [UInt8]) {
        let pushes = arrangement.upstreams[connections[connection].upstream].pushes.values
        guard answersInHand > 0, pushes.contains(.answer(String(decoding: bytes, as: UTF8.self))) else {
            return fail(.bytes, "u\(connection) gets what nobody said: \(printable(bytes))")
        }
        answersInHand -= 1
        if connections[connection].congested { fail(.capacity, "u\(connection) is congested and gets an answer") }
        tally.count("push answered")
    }

    private func checkMayBeSent(_ number: Int, _ connection: Int) {
        let message = messages[number]
        let settings = arrangement.upstreams[connections[connection].upstream]
        if let outcome = message.outcome { fail(.oneOutcome, "m\(number) is forwarded after its end: \(outcome)") }
        if message.state == .flying {
            fail(.sentOnce, "m\(number) is forwarded while it is in flight on u\(message.connection)")
        }
        if message.state == .ended { fail(.sentOnce, "m\(number) is forwarded after its exchange has ended") }
        let wasSafe =
            message.connection >= 0
            && arrangement.upstreams[connections[message.connection].upstream].retrySafe
        if message.forwards > 0, !wasSafe {
            fail(.sentOnce, "m\(number) is forwarded again, to u\(connection)")
        }
        if connections[connection].congested {
            fail(.capacity, "m\(number) goes to u\(connection), which is congested")
        }
        if let reason = connections[connection].retired, !overtakes(number, on: connection) {
            fail(.capacity, "m\(number) goes to u\(connection), which is retired by \(reason)")
        }
        let current = connections[connection].outstanding.filter { !isForgotten($0) }
        if case .routed = message.intent, current.count >= settings.inFlight {
            fail(.capacity, "m\(number) is one too many for u\(connection): \(current.map { "m\($0)" }) are in flight")
        }
    }

    /// An exchange whose client is gone may have ended unseen once its timeout has passed.
    func isForgotten(_ number: Int) -> Bool {
        !isOwed(number) && isOverdue(number)
    }

    /// Whether the reply, or its next part, is later than the exchange's timeout allows.
    func isOverdue(_ number: Int) -> Bool {
        if messages[number].wasOverdue { return true }
        guard let pool = messages[number].pool else { return false }
        let since = messages[number].arrived.last.map { max($0.at, messages[number].forwardedAt) }
        return (since ?? messages[number].forwardedAt) + arrangement.upstreams[pool.upstream].exchangeTimeout <= now
    }

    private func checkIdentity(_ number: Int, _ route: Int, _ connection: Int) {
        let message = messages[number]
        let own = [upstream(route, .legacy), upstream(route, .unified)]
        if !own.contains(connections[connection].upstream) {
            fail(.identity, "m\(number) for \(plan.name(route)) goes to upstream \(connections[connection].upstream)")
        }
        if message.session != clients[connections[connection].seat].session {
            fail(
                .identity,
                "m\(number) goes over u\(connection), which c\(connections[connection].seat) of another session dialled"
            )
        }
        if poolKey(of: message.client, upstream: connections[connection].upstream) != connections[connection].pool {
            fail(.identity, "m\(number) goes over u\(connection), whose pool is not its own")
        }
    }

    /// Messages of one client to one route are forwarded in the order of their sending; what ended in an error is
    /// left out, what is sent again may come late.
    private func checkOrder(_ number: Int, _ route: Int, _ connection: Int) {
        let message = messages[number]
        if isOneWay(number) { return checkOvertaking(number, route, connection) }
        if message.forwards > 0 {
            let earlier = clients[message.owner].unresolved.first { earlier in
                messages[earlier].client == message.client && messages[earlier].route == route
                    && messages[earlier].state == .waiting && messages[earlier].connection == message.connection
            }
            if let earlier, earlier < number {
                fail(.order, "m\(number) is sent again while m\(earlier), which was lost with it, waits")
            }
            return
        }
        let last = clients[message.client].lastForwarded[route] ?? -1
        if last > number, !message.wasPutBack {
            fail(.order, "m\(number) is forwarded after m\(last), which was said later")
        }
        let waiting = clients[message.owner].unresolved.first { earlier in
            messages[earlier].client == message.client && messages[earlier].route == route
                && messages[earlier].state == .waiting && messages[earlier].forwards == 0
                && !messages[earlier].mayHaveEnded && !isOneWay(earlier)
        }
        if let waiting, waiting < number {
            fail(.order, "m\(number) is forwarded while m\(waiting), which was said before, waits")
        }
        clients[message.client].lastForwarded[route] = max(last, number)
    }

    /// Whether a message that nobody answers goes over a connection that has an exchange of its conversation in flight.
    private func overtakes(_ number: Int, on connection: Int) -> Bool {
        guard isOneWay(number) else { return false }
        return connections[connection].outstanding.contains { isSameConversation($0, number) }
    }

    func isOneWay(_ number: Int) -> Bool {
        if case .oneWay = messages[number].intent { true } else { false }
    }

    func isSameConversation(_ one: Int, _ other: Int) -> Bool {
        messages[one].route == messages[other].route && messages[one].conversation == messages[other].conversation
    }

    /// What nobody answers overtakes what waits its turn, but with nothing of its conversation in flight not what its
    /// client said before in that.
    private func checkOvertaking(_ number: Int, _ route: Int, _ connection: Int) {
        if overtakes(number, on: connection) { return }
        let waiting = clients[messages[number].owner].unresolved.first { earlier in
            messages[earlier].client == messages[number].client && isSameConversation(earlier, number)
                && messages[earlier].state == .waiting && messages[earlier].forwards == 0
                && !messages[earlier].mayHaveEnded
        }
        if let waiting, waiting < number {
            fail(.order, "m\(number) is forwarded while m\(waiting) of its conversation, which was said before, waits")
        }
    }

    private func checkMembers(_ number: Int, _ route: Int, _ connection: Int, _ found: [JSONMember]) {
        let message = messages[number]
        let settings = arrangement.upstreams[connections[connection].upstream]
        let address = plan.definition.addressing.routeBy
        let match = plan.match(route)
        let isUnified = connections[connection].upstream == arrangement.unified
        let addressed = found.filter { address.contains($0.key) }
        if !isUnified {
            if let member = addressed.first {
                fail(.bytes, "m\(number) arrives at a legacy backend with \(member.key)")
            }
        } else if clients[message.client].isOld {
            let seen = addressed.map { "\($0.key)=\(JSONReader.string(of: $0.value) ?? "")" }
            if Set(seen) != Set(zip(address, match).map { "\($0)=\($1)" }) || seen.count != match.count {
                fail(.bytes, "m\(number) of an old client arrives with the address \(seen), not \(match)")
            }
        } else {
            for (key, value) in zip(address, match) {
                let text = addressed.last { $0.key == key }.flatMap { JSONReader.string(of: $0.value) }
                if addressed.count(where: { $0.key == key }) > 1 { fail(.bytes, "m\(number) arrives with two \(key)") }
                if let text, text != value { fail(.bytes, "m\(number) arrives with \(key) \(text), not \(value)") }
                if text == nil, message.members.contains(where: { $0.key == key }) {
                    fail(.bytes, "m\(number) arrives at the unified backend without its \(key)")
                }
            }
        }
        checkToken(number, settings, found)
        checkConversation(number, route, connection, found)
        var expected = message.members.filter { member in !settings.request.set.contains { $0.field == member.key } }
        expected += settings.request.set.map { JSONMember(key: $0.field, value: Array($0.json.utf8)) }
        for assignment in settings.request.defaults where !expected.contains(where: { $0.key == assignment.field }) {
            expected.append(JSONMember(key: assignment.field, value: Array(assignment.json.utf8)))
        }
        let judged = address + Self.names(of: World.tokenNames) + [plan.definition.addressing.conversationField]
        if let difference = ExpectedReply.difference(expected, found, ignoring: judged) {
            fail(.bytes, "m\(number) arrives changed: \(difference)")
        }
    }

    /// Names as they are written and as they read: a U+0000 is written as an escape.
    private static func names(of written: [String]) -> [String] {
        written + written.map { $0.replacing("\\u0000", with: "\u{0}") }
    }

    /// A client's own `session_token` never arrives, under no name that some parser takes for it; the session's does where the backend takes it from messages.
    private func checkToken(_ number: Int, _ settings: UpstreamSettings, _ found: [JSONMember]) {
        let names = Self.names(of: World.tokenNames)
        let tokens = found.filter { names.contains($0.key) }.map { JSONReader.string(of: $0.value) }
        let session = messages[number].session
        if settings.identity == .message, let session {
            if tokens != [sessions[session].token] { fail(.identity, "m\(number) says to be of \(tokens)") }
        } else if !tokens.isEmpty {
            fail(.identity, "m\(number) arrives with a session_token of its client")
        }
    }

    /// The client's conversation id arrives as it was sent; one that the proxy makes is the same each time.
    private func checkConversation(_ number: Int, _ route: Int, _ connection: Int, _ found: [JSONMember]) {
        let message = messages[number]
        let settings = arrangement.upstreams[connections[connection].upstream]
        let isUnified = connections[connection].upstream == arrangement.unified
        let seen = found.filter { $0.key == plan.definition.addressing.conversationField }
        if seen.count > 1 { fail(.bytes, "m\(number) arrives with two conversation ids") }
        messages[number].forwardedConversation = seen.first?.value
        if let sent = message.conversation {
            if let value = seen.first?.value, value != sent {
                fail(.bytes, "m\(number) arrives with another conversation id")
            }
            if isUnified, seen.isEmpty {
                fail(.bytes, "m\(number) arrives without its conversation id")
            }
            return
        }
        // No backend here names a conversation that it was not told.
        let isWanted = settings.correlation == .field("conversation_id", unique: false)
        if let made = seen.first?.value, made != Array("null".utf8) {
            checkMade(made, number, route)
            if !isWanted { fail(.bytes, "m\(number) arrives with an id that nobody asked for") }
        } else if isWanted {
            fail(.bytes, "m\(number) arrives without a conversation id")
        }
    }

    /// An id that the proxy made stays the same for a session (or client) and route, and belongs to no other.
    func checkMade(_ made: [UInt8], _ number: Int, _ route: Int) {
        checkMade(made, of: messages[number].client, route)
    }

    func checkMade(_ made: [UInt8], of client: Int, _ route: Int) {
        if let session = clients[client].session {
            if let known = sessions[session].madeConversations[route], known != made {
                fail(.bytes, "c\(client) has conversation \(printable(made)), before it was \(printable(known))")
            }
            sessions[session].madeConversations[route] = made
        } else {
            if let known = clients[client].madeConversations[route], known != made {
                fail(.bytes, "c\(client) has conversation \(printable(made)), before it was \(printable(known))")
            }
            clients[client].madeConversations[route] = made
        }
        for (other, session) in sessions.enumerated() where other != clients[client].session {
            if session.madeConversations.values.contains(made) {
                fail(.noCrosstalk, "c\(client) has the conversation id of another session")
            }
        }
        if sessions.contains(where: { contains(made, Array($0.token.utf8)) }) {
            fail(.bytes, "a made conversation id shows a token: \(printable(made))")
        }
    }

    private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        guard bytes.count >= part.count else { return false }
        return (0...bytes.count - part.count).contains { Array(bytes[$0..<$0 + part.count]) == part }
    }

    private func fly(_ number: Int, _ route: Int, _ connection: Int, _ members: [JSONMember]) {
        tally.count("forwarded")
        if messages[number].forwards > 0 {
            messages[number].retried = true
            if !messages[number].arrived.isEmpty {
                fail(.sentOnce, "m\(number) is sent again after part of its reply came")
            }
            messages[number].wasOverdue = false
            tally.count("retried")
        }
        messages[number].forwards += 1
        messages[number].connectionBefore = messages[number].connection
        messages[number].connection = connection
        messages[number].pool = connections[connection].pool
        messages[number].forwardedAt = now
        clients[messages[number].client].lastHeard = now
        if case .oneWay = messages[number].intent {
            end(number, .oneWay)
            return
        }
        messages[number].state = .flying
        connections[connection].outstanding.append(number)
        // It takes messages, so it has the rules that are in force.
        connections[connection].rules = [arrangement.upstreams[connections[connection].upstream].toUnified]
        receive(number, on: connection)
    }
}
