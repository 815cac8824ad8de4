import ShuntCore
import ShuntTesting
import Testing

/// Numbered messages through a hundred flips and more, against a model that fits on a page: each message reaches one
/// backend once, in order, and comes back once, in order, to its own socket.
@Suite struct `A hundred flips` {
    /// One socket's use of one route.
    private struct Conversation {
        let client: Int
        let route: String
        let isOld: Bool
        var said = 0
        var seen: [Int] = []
        var answered: [Int] = []
    }

    private final class Model {
        let world: Driver
        var conversations: [Conversation] = []
        /// What each connection has been sent and not answered: conversation and number.
        var underWay: [Int: [(conversation: Int, number: Int, id: String)]] = [:]
        var ready: Set<Int> = []
        var dialling: [Int] = []
        var problems: [String] = []
        var served = [0, 0]

        init(_ world: Driver) { self.world = world }

        func connect(_ route: String, isOld: Bool) {
            let client = isOld ? world.arriving("/api/ws/\(route)", "anna") : world.connecting("anna")
            conversations.append(Conversation(client: client.client, route: route, isOld: isOld))
            take(client.happenings)
            while let connection = dialling.popLast() { answer(dial: connection) }
        }

        func answer(dial connection: Int) {
            ready.insert(connection)
            take(world.ready(connection))
        }

        /// `3:17` is the 17th message of conversation 3.
        func say(_ index: Int) {
            conversations[index].said += 1
            let text = "\(index):\(conversations[index].said)"
            switch conversations[index].route {
            case _ where conversations[index].isOld: take(world.say(conversations[index].client, Text.bare(text)))
            case "guide": take(world.say(conversations[index].client, Text.guide(text)))
            default: take(world.say(conversations[index].client, Text.content(text)))
            }
        }

        func reply(on connection: Int) {
            guard var queue = underWay[connection], !queue.isEmpty else { return }
            let next = queue.removeFirst()
            underWay[connection] = queue
            let text = "\(next.conversation):\(next.number)"
            if world.dials[connection - 1].upstream.isUnified {
                let route = conversations[next.conversation].route.split(separator: "/")
                let pillar = route.count > 1 ? #","pillar":"\#(route[1])""# : ""
                take(
                    world.hear(
                        connection,
                        #"{"response":"\#(text)","conversation_id":"\#(next.id)","agent_type":"\#(route[0])"\#(pillar)}"#
                    ))
            } else {
                take(world.hear(connection, Text.reply(text)))
            }
        }

        func take(_ happenings: [Driver.Happening]) {
            for happening in happenings {
                switch happening {
                case .dial(let connection): dialling.append(connection)
                case .forward(let connection, let text): forwarded(connection, text)
                case .deliver(let client, let text): delivered(client, text)
                case .closeConnection(let connection, _):
                    if underWay[connection]?.isEmpty == false { problems.append("\(connection) closed with exchanges") }
                    ready.remove(connection)
                    dialling.removeAll { $0 == connection }
                case .admit: break
                default: problems.append("\(happening)")
                }
            }
        }

        private func parse(_ text: String) -> (conversation: Int, number: Int)? {
            guard let parts = Text.message(of: text)?.split(separator: ":"), parts.count == 2,
                let conversation = Int(parts[0]), let number = Int(parts[1]),
                conversations.indices.contains(conversation)
            else { return nil }
            return (conversation, number)
        }

        private func forwarded(_ connection: Int, _ text: String) {
            guard let (index, number) = parse(text) else { return problems.append("forwarded \(text)") }
            let isUnified = world.dials[connection - 1].upstream.isUnified
            if !ready.contains(connection) { problems.append("\(text) over \(connection), which is not there") }
            if number != (conversations[index].seen.last ?? 0) + 1 {
                problems.append("\(text) after \(conversations[index].seen.last ?? 0)")
            }
            let elsewhere = underWay.contains { other, queue in
                world.dials[other - 1].upstream.isUnified != isUnified && queue.contains { $0.conversation == index }
            }
            if elsewhere { problems.append("\(text) while the other side has an exchange") }
            if !isUnified, conversations[index].isOld, text != Text.bare("\(index):\(number)") {
                problems.append("\(text) is not as it was said")
            }
            if isUnified, Text.member("agent_type", of: text) == nil { problems.append("\(text) has no address") }
            conversations[index].seen.append(number)
            served[isUnified ? 1 : 0] += 1
            underWay[connection, default: []].append((index, number, Text.member("conversation_id", of: text) ?? ""))
        }

        private func delivered(_ client: Int, _ text: String) {
            guard let (index, number) = parse(text) else { return problems.append("delivered \(text)") }
            if conversations[index].client != client { problems.append("\(text) went to \(client)") }
            if number != (conversations[index].answered.last ?? 0) + 1 {
                problems.append("\(text) came after \(conversations[index].answered.last ?? 0)")
            }
            let type = Text.member("type", of: text)
            let expected = !conversations[index].isOld ? "message" : "response"
            if conversations[index].route == "guide", type != expected,
                !(type == "response" && conversations[index].isOld)
            {
                problems.append("\(text) has the wrong form")
            }
            conversations[index].answered.append(number)
        }
    }

    @Test(arguments: UInt64(1)...24)
    func `lose, double and reorder nothing`(seed: UInt64) throws {
        var random = Dice(seed: seed)
        let world = try Driver(
            .migration {
                for index in $0.routes.indices {
                    $0.routes[index].endpoint?.heartbeat = nil
                    $0.routes[index].pin = .exchange
                }
                $0.limits.messagesPerSecond = 1_000_000
                $0.everywhere {
                    $0.queue.messages = 100_000
                    $0.exchangeTimeout = .hours(10)
                    $0.idleTimeout = .hours(10)
                    $0.lifetime = .hours(10)
                }
                $0.upstreams[0].inFlight = random.chance(1, in: 2) ? 1 : 3
                // The field's backend answers in order, so that several may be under way.
                $0.upstreams[3].inFlight = random.chance(1, in: 2) ? 1 : 4
                $0.upstreams[3].lanes = random.chance(1, in: 2) ? 1 : 2
            })
        let model = Model(world)
        for (route, isOld) in [("guide", true), ("guide", false), ("guide", true), ("liaison/content", false)] {
            model.connect(route, isOld: isOld)
        }
        var flips = 0
        var step = 0
        while flips < 120 {
            step += 1
            switch random.below(20) {
            case 0:
                flips += 1
                let steps = [0, Rollout.whole, 5000, 8000][random.below(4)]
                let route = random.below(4) == 0 ? 1 : 0
                model.take(
                    try world.change { table in
                        guard
                            let place = table.routes.firstIndex(where: {
                                $0.name == ["guide", "liaison/content"][route]
                            })
                        else { return }
                        table.routes[place].servedBy = Rollout(steps: steps)
                    })
            case 1 where random.chance(1, in: 4):
                model.take(
                    try world.change { table in
                        // Something else altogether: an order of routes, a limit.
                        table.routes.swapAt(random.below(3), random.below(3))
                        table.limits.unreadByClient += 1
                    })
            case 3...9: model.say(random.below(model.conversations.count))
            case 10...12:
                guard !model.dialling.isEmpty else { continue }
                model.answer(dial: model.dialling.remove(at: random.below(model.dialling.count)))
            default:
                let busy = model.underWay.filter { !$0.value.isEmpty }.keys.sorted()
                if !busy.isEmpty { model.reply(on: busy[random.below(busy.count)]) }
            }
            if !model.problems.isEmpty { break }
        }
        // Everything comes to its end.
        for _ in 0..<100_000 where model.problems.isEmpty {
            let busy = model.underWay.filter { !$0.value.isEmpty }.keys.sorted()
            if let connection = model.dialling.popLast() {
                model.answer(dial: connection)
            } else if let connection = busy.first {
                model.reply(on: connection)
            } else {
                break
            }
        }
        #expect(model.problems == [])
        for conversation in model.conversations {
            #expect(conversation.seen == Array(1...max(1, conversation.said)))
            #expect(conversation.answered == conversation.seen)
        }
        #expect(world.census.exchanges == 0)
        #expect(world.census.heldBytes == 0)
        #expect(model.served.allSatisfy { $0 * 10 > model.served[0] + model.served[1] }, "both sides served")
    }
}
