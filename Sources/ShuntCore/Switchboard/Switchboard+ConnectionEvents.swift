/// What upstream connections do.
extension Switchboard {
    /// A connection that was dialled has its backend's answer to the handshake.
    package mutating func connectionReady(_ id: ConnectionID, _ turn: inout Turn) {
        dialSucceeded(id, &turn)
        runAgenda(&turn)
    }

    /// A dial came to nothing.
    package mutating func connectionFailed(
        _ id: ConnectionID, _ failure: DialFailure, _ turn: inout Turn
    ) {
        dialFailed(id, failure, &turn)
        runAgenda(&turn)
    }

    package mutating func connectionMessage(
        _ id: ConnectionID, _ kind: MessageKind, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        var isEarly = false
        guard let (upstream, isRouted) = links.at(id)?.pointee.noteActivity(turn.now, isEarly: &isEarly) else { return }
        if isEarly, heardEarly(id, upstream, kind, bytes, &turn) {
            return runAgenda(&turn)
        }
        if !isRouted {
            passBack(id, upstream, kind, bytes, &turn)
            return runAgenda(&turn)
        }
        let keys = upstream.replyKeys
        let scanned =
            kind == .text
            && envelope.scan(
                bytes, for: keys, nesting: table.definition.limits.nesting, early: !upstream.editsReplies) == .object
        if !scanned {
            protocolError(id, &turn)
        } else {
            classify(id, upstream, bytes, &turn)
        }
        runAgenda(&turn)
    }

    /// A message of this connection grows past `limits.message`; the runtime closes it with 1009 after this.
    package mutating func connectionMessageTooLarge(_ id: ConnectionID, _ turn: inout Turn) {
        replyTooLarge(id, &turn)
        runAgenda(&turn)
    }

    /// The peer's close, end or reset was read, or it broke the protocol. Idempotent.
    package mutating func connectionClosed(
        _ id: ConnectionID, code: CloseCode?, _ turn: inout Turn
    ) {
        connectionClosed(id, code.map { PeerClose(code: $0) } ?? .cut, &turn)
    }

    /// The same, with all that its close frame said.
    package mutating func connectionClosed(
        _ id: ConnectionID, _ close: PeerClose, _ turn: inout Turn
    ) {
        closedByUpstream(id, close, &turn)
        runAgenda(&turn)
    }

    package mutating func connectionPong(_ id: ConnectionID, _ turn: inout Turn) {
        links[id]?.keepalive.heard(turn.now)
    }

    /// What TCP knows of a connection's other end, which was asked for because it answers no ping.
    package mutating func connectionInspected(
        _ id: ConnectionID, _ transport: TransportState, _ turn: inout Turn
    ) {
        guard let connection = links[id], connection.keepalive.pingedAt != nil,
            transport.isGone(after: connection.upstream.settings.keepalive.timeout)
        else { return }
        abort(id, .hostGone, &turn)
        runAgenda(&turn)
    }

    package mutating func connectionCongested(_ id: ConnectionID, _ turn: inout Turn) {
        guard let pool = links[id]?.pool, links[id]?.congested == false else { return }
        links[id]?.congested = true
        passthroughCongested(id, true, &turn)
        pump(pool, &turn)
        runAgenda(&turn)
    }

    package mutating func connectionRelieved(_ id: ConnectionID, _ turn: inout Turn) {
        guard let pool = links[id]?.pool, links[id]?.congested == true else { return }
        links[id]?.congested = false
        passthroughCongested(id, false, &turn)
        pump(pool, &turn)
        runAgenda(&turn)
    }
}
