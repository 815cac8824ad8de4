import ShuntCore

/// How far the first words on a connection have come, as the model knows it.
struct ModelOpening {
    var isGreeted: Bool
    /// The first message that was not sent yet.
    var next = 0
    /// The message whose reply has not come.
    var awaited: Int?
}

/// First words: nothing of a client is written before they are said, and they are nobody's.
extension World {
    static let greeting = "system"
    static let joined = "joined"

    /// A handshake is over, and the core is told next.
    func beginOpening(_ connection: Int) {
        let settings = arrangement.upstreams[connections[connection].upstream]
        guard !settings.onOpen.isEmpty || settings.ready != nil, !connections[connection].isRaw,
            connections[connection].through == nil || connections[connection].isRedial
        else { return }
        connections[connection].backend.opening = ModelOpening(isGreeted: settings.ready == nil)
        guard settings.ready != nil, healing || !laterDice.chance(plan.faults.silentBackend) else { return }
        agenda.note(.firstWord(connection, Self.greeting), at: now + laterDice.span(0...80))
    }

    /// A backend is told one of the first words.
    func heard(firstWord step: Int, _ connection: Int) {
        let message = arrangement.upstreams[connections[connection].upstream].onOpen[step]
        connections[connection].backend.opening?.next += 1
        guard !message.replies.isEmpty else { return endOpening(connection) }
        connections[connection].backend.opening?.awaited = step
        if healing || !laterDice.chance(plan.faults.silentBackend) {
            let isWrong = !healing && laterDice.chance(plan.faults.unaskedReply)
            agenda.note(.firstWord(connection, isWrong ? "error" : Self.joined), at: now + laterDice.span(0...50))
        }
    }

    /// The backend says one of its first words.
    func sayFirstWord(_ connection: Int, _ type: String) {
        guard connections[connection].state == .ready else { return }
        if connections[connection].readingStopped {
            return agenda.note(.firstWord(connection, type), at: now + .milliseconds(20))
        }
        var writer = JSONWriter()
        writer.add("type", type)
        writer.add("message", "first word")
        note("u\(connection) says: \(printable(writer.bytes))")
        heardFirstWord(connection, type)
        if type == "error" { retire(connection, "a refusal of the first words") }
        tell(.spoke(connection), writer.bytes) { $0.connectionMessage(connections[connection].id, .text, $2, &$1) }
        tally.count("first word")
    }

    /// A message of that type comes, and the core is told next.
    func heardFirstWord(_ connection: Int, _ type: String) {
        guard let opening = connections[connection].backend.opening else { return }
        if type == Self.greeting, !opening.isGreeted { connections[connection].backend.opening?.isGreeted = true }
        if type == Self.joined, opening.awaited != nil { connections[connection].backend.opening?.awaited = nil }
        endOpening(connection)
    }

    private func endOpening(_ connection: Int) {
        let settings = arrangement.upstreams[connections[connection].upstream]
        guard let opening = connections[connection].backend.opening, opening.isGreeted, opening.awaited == nil,
            opening.next == settings.onOpen.count
        else { return }
        connections[connection].backend.opening = nil
    }
}

extension Plan {
    /// When upstreams are dialled, and first words for some.
    mutating func planOpenings(_ dice: inout Dice) {
        for index in definition.upstreams.indices {
            definition.upstreams[index].dialForLegacy = dice.pick([.onMessage, .onMessage, .onConnect, .keep])
            definition.upstreams[index].dial = dice.pick([.onMessage, .onMessage, .onMessage, .onConnect, .keep])
            if dice.chance(20) { definition.upstreams[index].pushes["welcome"] = .greeting }
        }
        for index in definition.upstreams.indices where dice.chance(20) {
            if dice.chance(60) {
                var ready = GreetingSettings()
                ready.types = [World.greeting]
                ready.timeout = dice.span(100...1_500)
                definition.upstreams[index].ready = ready
            }
            for step in 0..<dice.within(0...2) {
                var message = OpeningMessage(send: #"{"type":"hello","token":"{token}","step":\#(step)}"#)
                if dice.chance(70) { message.replies = [World.joined] }
                message.afterGreeting = definition.upstreams[index].ready != nil && dice.chance(40)
                definition.upstreams[index].onOpen.append(message)
            }
        }
    }
}
