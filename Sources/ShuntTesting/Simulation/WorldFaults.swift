import ShuntCore

/// What goes wrong: backends that talk out of turn, events that come late or twice.
extension World {
    /// A message that ends no exchange.
    func push(_ connection: Int) {
        if connections[connection].through != nil { return pushThrough(connection) }
        guard !connections[connection].readingStopped else { return }
        let settings = arrangement.upstreams[connections[connection].upstream]
        var writer = JSONWriter()
        let type = dice.pick(["welcome", "welcome", "system", "heartbeat", "typing"])
        writer.add("type", type)
        writer.add("push", raw: "\(pushes)")
        writer.add("who", raw: JSONWriter.quoted(identity(of: connection)))
        writer.shuffle(&dice)
        pushes += 1
        note("u\(connection) pushes: \(printable(writer.bytes))")
        heardFirstWord(connection, type)
        if case .answer = settings.pushes[type] { record.answers = 1 }
        tell(.spoke(connection), writer.bytes) { $0.connectionMessage(connections[connection].id, .text, $2, &$1) }
    }

    /// No object, no JSON or no text.
    func talkNonsense(_ connection: Int) {
        guard mayBreak(connection) else { return }
        let (text, kind): (String, MessageKind) = dice.pick([
            ("[1]", .text), ("{\"type\":\"response\"", .text), ("hello", .text), ("", .text), ("{}", .binary),
            ("null", .text),
        ])
        note("u\(connection) talks nonsense: \(text) \(kind)")
        retire(connection, "a message that is no JSON object")
        // It stands where the oldest message's reply was due: that one comes no more.
        let oldest = connections[connection].outstanding.first
        if let oldest { messages[oldest].isAnswered = true }
        tell(.broke(connection, oldest: oldest, isTooLarge: false), Array(text.utf8)) {
            $0.connectionMessage(connections[connection].id, kind, $2, &$1)
        }
    }

    /// Whether the world knows which exchange is the oldest, and something that is said is read.
    private func mayBreak(_ connection: Int) -> Bool {
        !connections[connection].readingStopped && connections[connection].through == nil
            && !connections[connection].outstanding.contains { mayBeForgotten($0) }
    }

    /// A reply when nothing is outstanding.
    func replyUnasked(_ connection: Int) {
        let style = plan.styles[connections[connection].upstream]
        guard connections[connection].outstanding.isEmpty, connections[connection].abandoned.isEmpty,
            !connections[connection].readingStopped, connections[connection].through == nil, mayOmitField(connection)
        else { return }
        var writer = JSONWriter()
        if let type = style.type { writer.add("type", type) }
        writer.add("to", raw: "-1")
        writer.add("message", "nobody asked")
        note("u\(connection) replies to nobody: \(printable(writer.bytes))")
        retire(connection, "a reply when nothing was outstanding")
        tell(.spoke(connection), writer.bytes) { $0.connectionMessage(connections[connection].id, .text, $2, &$1) }
    }

    func growTooLarge(_ connection: Int) {
        if connections[connection].through != nil { return growTooLargeThrough(connection) }
        guard mayBreak(connection) else { return }
        note("a message of u\(connection) grows too large")
        let oldest = connections[connection].outstanding.first
        // The runtime ends it by itself: for the core it is gone.
        endConnection(connection)
        tell(.broke(connection, oldest: oldest, isTooLarge: true)) {
            $0.connectionMessageTooLarge(connections[connection].id, &$1)
        }
    }

    /// An event that comes twice, or for something that is gone: nothing may follow from it.
    func haunt() {
        let gone = connections.indices.filter { connections[$0].state == .gone }
        let left = clients.indices.filter { !clients[$0].isThere }
        let text = Array(#"{"type":"response","agent_type":"guide","to":-1,"message":"ghost"}"#.utf8)
        if dice.chance(50), !gone.isEmpty {
            let id = connections[dice.pick(gone)].id
            let choice = dice.below(7)
            note("ghost event \(choice) of a connection that is gone")
            tell(.ghost, text) { core, turn, bytes in
                switch choice {
                case 0: core.connectionReady(id, &turn)
                case 1: core.connectionFailed(id, .connect, &turn)
                case 2: core.connectionMessage(id, .text, bytes, &turn)
                case 3: core.connectionClosed(id, code: .normal, &turn)
                case 4: core.connectionPong(id, &turn)
                case 5: core.connectionCongested(id, &turn)
                default: core.connectionRelieved(id, &turn)
                }
            }
        } else if dice.chance(50), !left.isEmpty {
            let id = clients[dice.pick(left)].id
            let choice = dice.below(5)
            note("ghost event \(choice) of a client that is gone")
            tell(.ghost, text) { core, turn, bytes in
                switch choice {
                case 0: core.clientMessage(id, .text, bytes, &turn)
                case 1: core.clientClosed(id, &turn)
                case 2: core.clientPong(id, &turn)
                case 3: core.clientCongested(id, &turn)
                default: core.clientRelieved(id, &turn)
                }
            }
        } else {
            repeatEvent()
        }
    }

    /// An event that is true already.
    private func repeatEvent() {
        if dice.chance(50),
            let client = clients.indices.filter({
                clients[$0].isThere && !clients[$0].congested && !clients[$0].isArriving && !clients[$0].isRaw
                    && clients[$0].hostGoneAt == nil
            }).randomElement(
                using: &dice)
        {
            note("c\(client) is relieved, and a pong that nobody asked for comes")
            tell(.aboutClient(client)) { $0.clientRelieved(clients[client].id, &$1) }
            tell(.aboutClient(client)) { $0.clientPong(clients[client].id, &$1) }
        } else if let connection = liveConnections.filter({
            connections[$0].state == .ready && !connections[$0].congested && !connections[$0].isRaw
                && connections[$0].hostGoneAt == nil
        }).randomElement(using: &dice) {
            note("u\(connection) is ready and relieved again, and a pong that nobody asked for comes")
            tell(.aboutConnection(connection)) { $0.connectionReady(connections[connection].id, &$1) }
            tell(.aboutConnection(connection)) { $0.connectionRelieved(connections[connection].id, &$1) }
            tell(.aboutConnection(connection)) { $0.connectionPong(connections[connection].id, &$1) }
        } else if let connection = liveConnections.first(where: { connections[$0].state == .dialling }) {
            note("u\(connection), which dials, is relieved, and a message of it comes")
            tell(.aboutConnection(connection)) { $0.connectionRelieved(connections[connection].id, &$1) }
            tell(.aboutConnection(connection)) { $0.connectionPong(connections[connection].id, &$1) }
        }
    }

    func startDrain() {
        note("drain")
        draining = true
        tell(.drained) { $0.drain(plan.drain, &$1) }
    }

    func tellTick() {
        note("tick")
        tell(.tick) { $0.tick(&$1) }
    }
}
