/// Credentials end while sockets are open: what is said of that, what is still answered, and how a newer one goes on.
extension Switchboard {
    /// A client came with a credential that is good for some time.
    mutating func beginCredential(of id: ClientID, until goodUntil: Instant, now: Instant) {
        guard goodUntil < .distantFuture else { return }
        let notice = clients[id]?.isUnified == true ? table.definition.session.expiry.notice : nil
        clients[id]?.credential.begin(until: goodUntil, notice: notice, now: now)
    }

    mutating func lookAtCredential(of id: ClientID, _ turn: inout Turn) {
        switch clients[id]?.credential.step(now: turn.now) {
        case .notice: notify(id, "session_expiring", &turn)
        case .expired: expire(id, &turn)
        case .over: closeExpired(id, &turn)
        case .nothing, nil: break
        }
    }

    /// Nothing more is accepted of a client; what was sent may be answered yet, then its socket closes.
    private mutating func expire(_ id: ClientID, _ turn: inout Turn) {
        guard let client = clients[id] else { return }
        tally.expired += 1
        clients[id]?.credential.expire(
            now: turn.now, grace: table.definition.session.expiry.grace,
            leaves: (client.closeAfter, client.closeReason))
        clients[id]?.pace.stop()
        clients[id]?.isStranded = client.isStranded || client.endpoint != nil
        failUnsent(of: id, &turn)
        // Many old clients whose tokens end together do not all connect anew at once.
        let spread = client.isRaw ? random.span(upTo: Self.rawSpread) : .zero
        clients[id]?.closeAfter = turn.now + spread
        clients[id]?.closeReason = .expired
        schedule(client: id)
        leaveIfOver(id, &turn)
    }

    private static let rawSpread = TimeSpan.seconds(10)

    /// What a client's credential was good for when it was said, and is not sent yet.
    private mutating func failUnsent(of id: ClientID, _ turn: inout Turn) {
        for pool in sessions[clients[id]?.session ?? .none]?.pools ?? [] {
            var candidate = pools[pool]?.line.head ?? .none
            while let exchange = exchanges[candidate] {
                if exchange.client == id { conclude(candidate, .failed(.sessionExpired), &turn) }
                candidate = exchange.next
            }
        }
    }

    /// A message of a client of the unified endpoint whose credential has had its time: a newer one is still welcome.
    mutating func takeExpired(_ id: ClientID, _ kind: MessageKind, _ bytes: Span<UInt8>, _ turn: inout Turn) {
        let nesting = table.definition.limits.nesting
        guard kind == .text, envelope.scan(bytes, for: table.requestKeys, nesting: nesting, early: false) == .object
        else { return refuse(id, .sessionExpired, &turn) }
        if let type = envelope.value(table.typeSlot), let found = table.absorbed.find(bytes, type) {
            if found == table.absorbed.refresh { return refresh(id, bytes, &turn) }
            return absorb(id, found, of: table.absorbed, bytes, &turn)
        }
        refuse(id, .sessionExpired, members: echoedMembers(bytes), &turn)
    }

    /// Replaces, as they become idle, the connections that were dialled with an older credential.
    private mutating func redial(_ id: SessionID, _ turn: inout Turn) {
        for pool in sessions[id]?.pools ?? [] {
            for link in pools[pool]?.links.all ?? [] {
                guard let connection = links[link], connection.state == .ready || connection.state == .opening,
                    !connection.isPassthrough, hasOlderCredential(connection)
                else { continue }
                retire(link, .refreshed, &turn)
            }
        }
    }

    // MARK: A newer credential

    /// What a client is refreshing with; nil for nothing.
    package func refreshing(_ id: ClientID) -> Credential? { clients[id]?.credential.refreshing }

    /// A client shows a newer token.
    mutating func refresh(_ id: ClientID, _ bytes: Span<UInt8>, _ turn: inout Turn) {
        tally.absorbed += 1
        guard envelope.scan(bytes, for: table.absorbed.refreshKeys, nesting: .max, early: false) == .object,
            let value = envelope.value(0), value.kind == .string,
            !envelope.oddities.contains(.repeated) || !envelope.disagrees(0, bytes)
        else { return refuseRefresh(id, "It has no token, or two", &turn) }
        let token = FieldText.trimmed(ByteString(JSONString.content(bytes, value)))
        guard !token.isEmpty, !FieldText.hasControls(token) else { return refuseRefresh(id, "It has no token", &turn) }
        guard table.definition.session.validation.namesSessions,
            sessions[clients[id]?.session ?? .none]?.isAnonymous == false
        else { return refuseRefresh(id, "Nobody can tell here whose token it is; connect anew with it", &turn) }
        guard clients[id]?.credential.refreshing == nil else {
            return refuseRefresh(id, "Another one is being looked at", &turn)
        }
        clients[id]?.credential.refreshing = Credential(token)
        turn.effects.list.append(.validate(id))
    }

    private mutating func refuseRefresh(_ id: ClientID, _ why: String, retryAfter: Int? = nil, _ turn: inout Turn) {
        refuse(
            id, .refreshRefused, detail: ErrorCode.refreshRefused.text + ": " + why,
            members: retryAfter.map { [("retry_after", Array("\($0)".utf8))] } ?? [], &turn)
    }

    /// What came of the credential that a client is refreshing with.
    ///
    /// - Parameters:
    ///   - credential: another one than is awaited changes nothing.
    ///   - wall: the same moment as the turn's.
    mutating func judged(
        _ id: ClientID, _ credential: Credential, _ verdict: CredentialVerdict, at wall: UnixTime, _ turn: inout Turn
    ) {
        guard let client = clients[id], client.credential.refreshing == credential else { return }
        clients[id]?.credential.refreshing = nil
        switch verdict {
        case .bad, .unasked: refuseRefresh(id, "It is not good", &turn)
        case .unknown: refuseRefresh(id, "It cannot be checked at present", retryAfter: 2, &turn)
        case .good(let claims):
            let leeway = table.definition.session.validation.leeway
            let goodUntil = claims.deadline(leeway: leeway, wall: wall, now: turn.now)
            let identity = ClientIdentity(credential, ValidatedClaims(claims, until: goodUntil))
            guard claims.session != nil, identity.key == sessions[client.session]?.key, goodUntil > turn.now else {
                return refuseRefresh(id, "It is of another session", &turn)
            }
            refreshed(id, client, identity, until: goodUntil, &turn)
        }
    }

    private mutating func refreshed(
        _ id: ClientID, _ client: Client, _ identity: ClientIdentity, until goodUntil: Instant, _ turn: inout Turn
    ) {
        tally.refreshed += 1
        sessions[client.session]?.show(identity)
        if client.credential.isExpired {
            clients[id]?.closeAfter = client.credential.otherLeave.at
            clients[id]?.closeReason = client.credential.otherLeave.reason
            clients[id]?.pace = Client.pace(table.definition.limits)
        }
        clients[id]?.credential.begin(
            until: goodUntil, notice: table.definition.session.expiry.notice, now: turn.now)
        for pool in sessions[client.session]?.pools ?? [] { pools[pool]?.credentialsRejected = false }
        if table.definition.session.refresh.redials { redial(client.session, &turn) }
        schedule(client: id)
        notify(id, "session_refreshed", &turn)
    }
}
