package import ShuntCore

/// Drives a `Switchboard` by hand, in virtual time, and says in plain values what it did. Clients and connections are
/// numbered from 1 in the order in which they came, so that a test reads as a conversation.
package final class SwitchboardDriver {
    /// One effect, with the bytes that it stands for. Notes are kept apart, in `notes`.
    package enum Happening: Equatable, Sendable {
        case dial(Int)
        case forward(Int, String)
        case deliver(Int, String)
        case pingConnection(Int)
        case pingClient(Int)
        case inspectConnection(Int)
        case inspectClient(Int)
        case closeConnection(Int, UInt16)
        case closeClient(Int, UInt16, CloseReason)
        case stopReading(Int)
        case startReading(Int)
        /// A handshake on a legacy endpoint is answered; 0 stands for no connection.
        case admit(Int, Int)
        case reject(Int, Int)
        case relayCloseToClient(Int, PeerClose)
        case relayCloseToConnection(Int, PeerClose)
        case validate(Int)
        case stopReadingClient(Int)
        case startReadingClient(Int)
        /// The core contradicts itself.
        case inconsistent(String)
    }

    private var core: Switchboard
    package var now: Instant { turn.now }
    package private(set) var notes: [LoggedEvent] = []
    /// How backends closed, as it is told to the log.
    package private(set) var upstreamCloses: [PeerClose] = []
    /// What was said in words.
    package private(set) var texts: [String] = []
    /// Whether everybody answers pings at once; such pings are not reported.
    package var answersPings = true
    /// How often the core was told that time passed.
    package private(set) var ticks = 0
    /// The order of each dial; that of connection 1 comes first.
    package private(set) var dials: [DialOrder] = []

    private var turn: Turn
    private var clients: [ClientID] = []
    private var connections: [ConnectionID] = []

    /// The key of the hash that stands for sessions.
    package static let hashKey: (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)

    /// - Parameter start: what the clock says at first, so that nothing is tested at zero only.
    package init(
        _ definition: TableDefinition, seed: UInt64 = 1, memory: Int = 1 << 30, start: TimeSpan = .hours(5)
    ) throws(TableProblem) {
        core = Switchboard(
            table: try RoutingTable(definition), seed: seed, hashKey: Self.hashKey, memory: memory)
        turn = Turn(now: Instant(nanoseconds: start.nanoseconds))
    }

    /// Stands for a token's session in conversation ids.
    package static func name(of token: String) -> String {
        String(decoding: SessionKey(token: ByteString(token)).shortName(keyedBy: hashKey), as: UTF8.self)
    }

    package var census: Census { core.census }
    package var tally: Tally { core.tally }
    package var isIdle: Bool { core.isIdle }

    // MARK: Clients

    /// A client connects; nil is one without a token. Returns its number and what that caused.
    package func connecting(
        _ token: String?, query: String = "", headers: [Handshake.Field] = []
    ) -> (client: Int, happenings: [Happening]) {
        connecting(bytes: token.map { ByteString($0) }, query: query, headers: headers)
    }

    /// As `connecting`, with a token of any bytes.
    package func connecting(
        bytes token: ByteString?, query: String = "", headers: [Handshake.Field] = []
    ) -> (client: Int, happenings: [Happening]) {
        connecting(as: token.map { ClientIdentity(token: $0) }, query: query, headers: headers)
    }

    /// As `connecting`, of a session that may be another one than the token's.
    package func connecting(
        as identity: ClientIdentity?, query: String = "", headers: [Handshake.Field] = []
    ) -> (client: Int, happenings: [Happening]) {
        let handshake = Handshake(
            path: "/api/ws/agent", query: ByteString(query), headers: HeaderFields(headers), remoteHost: "192.0.2.7")
        let id = core.clientConnected(handshake, as: identity, &turn)
        clients.append(id)
        return (clients.count, collect([]))
    }

    /// An old client connects to a legacy endpoint.
    package func arriving(
        _ path: String, _ token: String?, query: String = "", headers: [Handshake.Field] = []
    ) -> (client: Int, happenings: [Happening]) {
        arriving(path, as: token.map { ClientIdentity(token: ByteString($0)) }, query: query, headers: headers)
    }

    /// As `arriving`, of a session that may be another one than the token's.
    package func arriving(
        _ path: String, as identity: ClientIdentity?, query: String = "", headers: [Handshake.Field] = []
    ) -> (client: Int, happenings: [Happening]) {
        guard case .legacy(let endpoint) = core.table.endpoints.match(ByteString(path)) else { return (0, []) }
        let handshake = Handshake(
            path: ByteString(path), query: ByteString(query), headers: HeaderFields(headers), remoteHost: "192.0.2.7")
        // What is done at once speaks of the client already.
        let expected = clients.count
        clients.append(.none)
        let id = core.clientArrived(handshake, as: identity, endpoint: endpoint, &turn)
        clients[expected] = id
        return (clients.count, collect([]))
    }

    /// An old client connects, and its backend, where it is asked, says yes.
    package func arrive(_ path: String, _ token: String?) -> Int {
        let (client, happenings) = arriving(path, token)
        if case .dial(let connection) = happenings.first { ready(connection) }
        return client
    }

    /// Another table comes into force.
    @discardableResult
    package func change(
        spread: TimeSpan = .seconds(10), _ edit: (inout TableDefinition) -> Void
    ) throws(TableProblem) -> [Happening] {
        var definition = core.table.definition
        edit(&definition)
        let table = try RoutingTable(definition)
        return event { $0.tableChanged(to: table, spread: spread, &$1) }
    }

    @discardableResult
    package func reconnect(route: String) -> [Happening] {
        guard let index = core.table.route(named: route)?.index else { return [] }
        return event { $0.reconnect(route: index, &$1) }
    }

    /// The wall clock says so.
    @discardableResult
    package func wallClock(_ wall: UnixTime) -> [Happening] {
        event { $0.wallClock(wall, &$1) }
    }

    package var routeReport: [RouteTally] { core.routeReport() }
    package var workerReport: WorkerReport { core.workerReport() }

    /// A client connects, and what that causes is of no interest.
    package func connect(_ token: String?, query: String = "", headers: [Handshake.Field] = []) -> Int {
        connecting(token, query: query, headers: headers).client
    }

    @discardableResult
    package func say(_ client: Int, _ text: String, kind: MessageKind = .text) -> [Happening] {
        say(client, bytes: Array(text.utf8), kind: kind)
    }

    @discardableResult
    package func say(_ client: Int, bytes: [UInt8], kind: MessageKind = .text) -> [Happening] {
        core.clientMessage(id(client), kind, bytes.span, &turn)
        return collect(bytes)
    }

    @discardableResult
    package func leave(_ client: Int) -> [Happening] {
        event { $0.clientClosed(id(client), &$1) }
    }

    /// An event of a client, as a call on the core.
    @discardableResult
    package func client(
        _ client: Int, _ body: (inout Switchboard, ClientID, inout Turn) -> Void
    ) -> [Happening] {
        event { body(&$0, id(client), &$1) }
    }

    // MARK: Upstreams

    @discardableResult
    package func ready(_ connection: Int) -> [Happening] {
        event { $0.connectionReady(id(of: connection), &$1) }
    }

    @discardableResult
    package func fail(_ connection: Int, _ failure: DialFailure = .connect) -> [Happening] {
        event { $0.connectionFailed(id(of: connection), failure, &$1) }
    }

    /// The upstream says something.
    @discardableResult
    package func hear(_ connection: Int, _ text: String, kind: MessageKind = .text) -> [Happening] {
        let bytes = Array(text.utf8)
        core.connectionMessage(id(of: connection), kind, bytes.span, &turn)
        return collect(bytes)
    }

    /// The upstream closes; nil is an end without a close frame.
    @discardableResult
    package func lose(_ connection: Int, _ code: UInt16? = nil, _ reason: String = "") -> [Happening] {
        let close = code.map { PeerClose(code: CloseCode(rawValue: $0), reason: Array(reason.utf8)) } ?? .cut
        return event { $0.connectionClosed(id(of: connection), close, &$1) }
    }

    /// An event of a connection, as a call on the core.
    @discardableResult
    package func connection(
        _ connection: Int, _ body: (inout Switchboard, ConnectionID, inout Turn) -> Void
    ) -> [Happening] {
        event { body(&$0, id(of: connection), &$1) }
    }

    // MARK: Time

    /// Lets time pass; the core is called whenever it wants to be. Twenty milliseconds more than a deadline are enough
    /// for its timer.
    @discardableResult
    package func pass(_ span: TimeSpan) -> [Happening] {
        let end = now + span
        var happenings: [Happening] = []
        while core.nextDeadline <= end {
            turn.now = max(now, core.nextDeadline)
            happenings += tick()
            // A deadline that a tick leaves in the past would be asked for for ever.
            if core.nextDeadline <= now { turn.now = now + .milliseconds(1) }
        }
        turn.now = max(now, end)
        return happenings + tick()
    }

    private func tick() -> [Happening] {
        ticks += 1
        let happenings = event { $0.tick(&$1) }
        guard answersPings else { return happenings }
        return happenings.flatMap { happening in
            switch happening {
            case .pingClient(let number): client(number) { $0.clientPong($1, &$2) }
            case .pingConnection(let number): connection(number) { $0.connectionPong($1, &$2) }
            default: [happening]
            }
        }
    }

    @discardableResult
    package func drain(_ settings: DrainSettings = DrainSettings()) -> [Happening] {
        event { $0.drain(settings, &$1) }
    }

    /// Any event.
    @discardableResult
    package func event(_ body: (inout Switchboard, inout Turn) -> Void) -> [Happening] {
        let now = turn.now
        body(&core, &turn)
        turn.now = now
        return collect([])
    }

    // MARK: What happened

    package func id(_ client: Int) -> ClientID {
        clients.indices.contains(client - 1) ? clients[client - 1] : .none
    }

    package func id(of connection: Int) -> ConnectionID {
        connections.indices.contains(connection - 1) ? connections[connection - 1] : .none
    }

    private func number(_ id: ClientID) -> Int { (clients.lastIndex(of: id) ?? clients.count) + 1 }
    private func number(_ id: ConnectionID) -> Int { (connections.lastIndex(of: id) ?? -1) + 1 }

    private func collect(_ message: [UInt8]) -> [Happening] {
        var happenings: [Happening] = []
        for effect in turn.effects.list {
            switch effect {
            case .dial(let id, let order):
                connections.append(id)
                dials.append(turn.effects.dials[order])
                happenings.append(.dial(connections.count))
            case .forward(let id, let splice): happenings.append(.forward(number(id), text(splice, message)))
            case .deliver(let id, let splice): happenings.append(.deliver(number(id), text(splice, message)))
            case .pingConnection(let id): happenings.append(.pingConnection(number(id)))
            case .pingClient(let id): happenings.append(.pingClient(number(id)))
            case .inspectConnection(let id): happenings.append(.inspectConnection(number(id)))
            case .inspectClient(let id): happenings.append(.inspectClient(number(id)))
            case .closeConnection(let id, let code): happenings.append(.closeConnection(number(id), code.rawValue))
            case .closeClient(let id, let code, let reason):
                happenings.append(.closeClient(number(id), code.rawValue, reason))
            case .stopReading(let id): happenings.append(.stopReading(number(id)))
            case .startReading(let id): happenings.append(.startReading(number(id)))
            case .admit(let id, let connection): happenings.append(.admit(number(id), number(connection)))
            case .reject(let id, let connection): happenings.append(.reject(number(id), number(connection)))
            case .relayCloseToClient(let id, let close):
                happenings.append(.relayCloseToClient(number(id), turn.effects.closes[close]))
            case .relayCloseToConnection(let id, let close):
                happenings.append(.relayCloseToConnection(number(id), turn.effects.closes[close]))
            case .validate(let id): happenings.append(.validate(number(id)))
            case .stopReadingClient(let id): happenings.append(.stopReadingClient(number(id)))
            case .startReadingClient(let id): happenings.append(.startReadingClient(number(id)))
            case .note(.upstreamClosed(_, let close, _)): upstreamCloses.append(turn.effects.closes[close])
            case .note(let note): notes.append(note)
            }
        }
        texts += turn.effects.texts
        turn.effects.reset()
        return happenings + core.inconsistencies().map { .inconsistent($0) }
    }

    private func text(_ splice: Splice, _ message: [UInt8]) -> String {
        String(decoding: turn.effects.splices.bytes(of: splice, message: message.span), as: UTF8.self)
    }
}

extension SwitchboardDriver.Happening {
    /// The stable code of a delivered error, with whether the message was sent: `timeout sent`, `queue_full unsent`.
    package var error: String? {
        guard case .deliver(_, let text) = self, let members = JSONReader.members(of: Array(text.utf8)),
            let code = members.last(where: { $0.key == "code" }).flatMap({ JSONReader.string(of: $0.value) }),
            let sent = members.last(where: { $0.key == "sent" })
        else { return nil }
        return code + (sent.value == Array("true".utf8) ? " sent" : " unsent")
    }
}
