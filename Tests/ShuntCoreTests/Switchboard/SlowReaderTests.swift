import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Clients that do not read` {
    private func world(_ mode: PoolMode, _ change: (inout TableDefinition) -> Void = { _ in }) throws -> (Driver, Int) {
        let world = try Driver(
            .agents {
                $0.everywhere {
                    $0.mode = mode
                    $0.inFlight = 10
                    $0.pushes = ["welcome": .forward]
                }
                change(&$0)
            })
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        return (world, anna)
    }

    private func congest(_ world: Driver, _ client: Int) -> [Driver.Happening] {
        world.client(client) { $0.clientCongested($1, &$2) }
    }
    private func relieve(_ world: Driver, _ client: Int) -> [Driver.Happening] {
        world.client(client) { $0.clientRelieved($1, &$2) }
    }

    @Test func `on a shared connection the next reply closes it, and waits for the next socket`() throws {
        let (world, anna) = try world(.session)
        #expect(congest(world, anna) == [], "the connection is read on, others need it")
        #expect(world.hear(1, Text.reply("a")) == [.closeClient(anna, 1013, .slowReader)])
        #expect(world.connecting("anna").happenings.delivered == ["2: a"])
    }

    @Test func `one that catches up in time keeps its socket`() throws {
        let (world, anna) = try world(.session)
        _ = congest(world, anna)
        #expect(relieve(world, anna) == [])
        #expect(world.hear(1, Text.reply("a")).delivered == ["\(anna): a"])
    }

    @Test func `one that goes on sending what is refused is closed`() throws {
        for mode in [PoolMode.session, .client] {
            let (world, anna) = try world(mode)
            _ = congest(world, anna)
            let told = world.say(anna, "{")
            #expect(told.first == .closeClient(anna, 1013, .slowReader))
        }
    }

    @Test func `its own upstreams are not read until it reads again`() throws {
        let (world, anna) = try world(.client)
        world.say(anna, Text.content("2"))
        #expect(congest(world, anna) == [.stopReading(1)])
        #expect(congest(world, anna) == [], "told twice, done once")
        #expect(world.ready(2).first == .stopReading(2), "one that was being dialled too")
        #expect(world.hear(1, Text.reply("on its way")).delivered == ["\(anna): on its way"])
        #expect(relieve(world, anna) == [.startReading(1), .startReading(2)])
        #expect(relieve(world, anna) == [])
    }

    @Test func `an upstream that is not read is not taken for dead`() throws {
        let (world, anna) = try world(.client) { $0.everywhere { $0.exchangeTimeout = .hours(1) } }
        world.answersPings = false
        _ = congest(world, anna)
        for _ in 0..<10 {
            let seen = world.pass(.seconds(15))
            #expect(!seen.contains(.closeConnection(1, 1000)))
            world.client(anna) { $0.clientPong($1, &$2) }
        }
        _ = relieve(world, anna)
        #expect(world.pass(.milliseconds(20_020)).contains(.pingConnection(1)))
    }

    @Test(arguments: [1006, 1009])
    func `its own upstream is not read on when that is lost, and closes it with its error`(code: UInt16) throws {
        let (world, anna) = try world(.client) { $0.upstreams[1].mode = .session }
        world.say(anna, Text.content("2"))
        world.ready(2)
        #expect(congest(world, anna) == [.stopReading(1)])
        let told = world.lose(1, code)
        #expect(told.contains(.closeClient(anna, 1013, .slowReader)))
        #expect(!told.contains(.startReading(1)))
    }

    @Test func `nor when it says too much`() throws {
        let (world, anna) = try world(.client) { $0.upstreams[1].mode = .session }
        world.say(anna, Text.content("2"))
        world.ready(2)
        _ = congest(world, anna)
        let told = world.connection(1) { $0.connectionMessageTooLarge($1, &$2) }
        #expect(told.contains(.closeClient(anna, 1013, .slowReader)))
        #expect(!told.contains(.startReading(1)))
    }

    @Test func `when it goes, the reply that was not read yet still arrives`() throws {
        let (world, anna) = try world(.client)
        _ = congest(world, anna)
        #expect(world.leave(anna) == [.startReading(1)])
        #expect(world.hear(1, Text.reply("a")) == [.closeConnection(1, 1000)], "its own connection ends with it")
        #expect(world.connecting("anna").happenings.delivered == ["2: a"])
    }
}

@Suite struct `Client mode` {
    private func world() throws -> Driver { try Driver(.agents { $0.everywhere { $0.mode = .client } }) }

    @Test func `each socket has connections of its own, which end with it`() throws {
        let world = try world()
        let (one, two) = (world.connect("anna"), world.connect("anna"))
        #expect(world.say(one, Text.guide("1")) == [.dial(1)])
        #expect(world.say(two, Text.guide("2")) == [.dial(2)])
        world.ready(1)
        world.hear(1, Text.reply("a"))
        #expect(world.leave(one) == [.closeConnection(1, 1000)])
        #expect(world.ready(2).forwarded == ["2: 2"])
    }

    @Test func `a dial for a socket that is gone is given up with its last message`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.leave(anna)
        #expect(world.fail(1, .refused(status: 404)) == [])
        #expect(world.census.pools == 0 && world.census.exchanges == 0)
        #expect(world.connecting("anna").happenings.errors == ["upstream_unavailable unsent"])
    }

    @Test func `what another socket took over ends the pool of the one that is gone`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.leave(anna)
        let next = world.connect("anna")
        #expect(
            world.hear(1, Text.reply("a")) == [
                .deliver(next, Text.fromGuide("a", to: "anna")), .closeConnection(1, 1000),
            ])
        #expect(world.census.pools == 0)
    }

    @Test func `a message that another socket took over is dialled for with its sender's handshake`() throws {
        let world = try world()
        let anna = world.connect("anna", query: "tab=1")
        world.say(anna, Text.guide("1"))
        world.leave(anna)
        _ = world.connect("anna", query: "tab=2")
        world.fail(1)
        world.pass(.seconds(2))
        #expect(world.dials.map(\.request.target) == Array(repeating: "/guide?tab=1&session_token=anna", count: 2))
    }
}
