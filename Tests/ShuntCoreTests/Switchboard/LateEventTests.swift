import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Events that come late, twice or for nobody` {
    @Test func `events of ids that never were do nothing`() throws {
        let world = try Driver(.agents())
        #expect(everything(world, client: 99, connection: 99) == [])
        #expect(world.census.isEmpty)
    }

    @Test func `events of what is gone do nothing, also when its place is taken again`() throws {
        let world = try Driver(.agents())
        let anna = world.connect(nil)
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.hear(1, Text.reply("a"))
        #expect(world.leave(anna) == [.closeConnection(1, 1000)])
        let bert = world.connect("bert")
        world.say(bert, Text.guide("2"))
        let before = world.census
        #expect(everything(world, client: anna, connection: 1) == [])
        #expect(world.census == before)
        #expect(world.ready(2) == [.forward(2, Text.bare("2"))])
    }

    @Test func `what comes twice happens once`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        #expect(world.ready(1) == [])
        #expect(world.fail(1) == [], "a dial that has succeeded does not fail any more")
        #expect(world.lose(1).errors == ["upstream_lost sent"])
        #expect(world.lose(1) == [])
        world.leave(anna)
        #expect(world.leave(anna) == [])
    }

    @Test func `a message before the handshake's end is nothing`() throws {
        let world = try Driver(.agents())
        world.say(world.connect("anna"), Text.guide("1"))
        #expect(world.hear(1, Text.reply("x")) == [])
        #expect(world.census.exchanges == 1)
    }

    @Test func `an end before the handshake's end is a dial that failed`() throws {
        let world = try Driver(.agents())
        world.say(world.connect("anna"), Text.guide("1"))
        #expect(world.lose(1, 1000) == [.dial(2)])
        #expect(world.tally.dialsFailed == 1)
    }

    @Test func `time that stands still or goes back does nothing`() throws {
        let world = try Driver(.agents())
        world.say(world.connect("anna"), Text.guide("1"))
        for instant in [world.now, Instant(nanoseconds: 0), Instant(nanoseconds: .min), world.now] {
            #expect(
                world.event {
                    $1.now = instant
                    $0.tick(&$1)
                } == [])
        }
        #expect(
            world.event {
                $1.now = .distantFuture
                $0.tick(&$1)
            }.errors == ["queue_timeout unsent"])
    }

    private func everything(_ world: Driver, client: Int, connection: Int) -> [Driver.Happening] {
        var happenings = world.say(client, Text.guide("x")) + world.say(client, "{", kind: .binary)
        happenings += world.leave(client)
        happenings += world.client(client) { $0.clientPong($1, &$2) }
        happenings += world.client(client) { $0.clientCongested($1, &$2) }
        happenings += world.client(client) { $0.clientRelieved($1, &$2) }
        happenings += world.client(client) { $0.clientMessageTooLarge($1, &$2) }
        happenings += world.ready(connection) + world.fail(connection) + world.lose(connection, 4001)
        happenings += world.hear(connection, Text.reply("x")) + world.hear(connection, "[", kind: .binary)
        happenings += world.connection(connection) { $0.connectionPong($1, &$2) }
        happenings += world.connection(connection) { $0.connectionCongested($1, &$2) }
        happenings += world.connection(connection) { $0.connectionRelieved($1, &$2) }
        happenings += world.connection(connection) { $0.connectionMessageTooLarge($1, &$2) }
        return happenings
    }
}
