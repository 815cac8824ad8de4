import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Streams that would go on for ever` {
    private func world(_ change: (inout TableDefinition) -> Void = { _ in }) throws -> Driver {
        try Driver(
            .agents {
                $0.upstreams[0].replies.until = ReplyEnd(values: ["done"])
                $0.session.linger = .seconds(30)
                change(&$0)
            })
    }

    private let part = Text.reply("part")

    @Test func `without a token they end with their client, and their connections close at once`() throws {
        let world = try world()
        for number in 1...20 {
            let client = world.connect(nil)
            world.say(client, Text.guide("1"))
            world.ready(number)
            #expect(world.hear(number, part).delivered == ["\(number): part"])
            #expect(world.leave(client) == [.closeConnection(number, 1000)])
        }
        #expect(world.census.isEmpty)
        #expect(world.notes == Array(repeating: .connectionRetired(upstream: 0, .clientGone), count: 20))
    }

    @Test func `what waited behind one is still sent, over a connection of its own`() throws {
        let world = try world()
        let client = world.connect(nil)
        for number in 1...2 { world.say(client, Text.guide("\(number)")) }
        world.ready(1)
        world.hear(1, part)
        #expect(world.leave(client) == [.closeConnection(1, 1000), .dial(2)])
        #expect(world.ready(2).forwarded == ["2: 2"])
        world.hear(2, part)
        #expect(world.census.isEmpty, "its first part shows that nobody is there")
    }

    @Test func `with one they wait for the session's next socket, as long as the session lingers`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.hear(1, part)
        world.leave(anna)
        for _ in 0..<5 {
            world.pass(.seconds(5))
            #expect(world.hear(1, part) == [])
        }
        let (again, heard) = world.connecting("anna")
        #expect(heard.delivered == Array(repeating: "\(again): part", count: 5))
        #expect(world.hear(1, part).delivered == ["\(again): part"])
        world.leave(again)
        world.pass(.seconds(29))
        #expect(world.hear(1, part) == [])
        world.pass(.seconds(1))
        #expect(world.hear(1, part) == [.closeConnection(1, 1000)])
        #expect(world.census.exchanges == 0)
        let last = world.connecting("anna").happenings
        #expect(last.errors == ["timeout sent"], "and whoever comes later is told")
    }

    @Test func `another tab of the session does not keep them`() throws {
        let world = try world { $0.upstreams[0].mode = .client }
        let (first, other) = (world.connect("anna"), world.connect("anna"))
        world.say(first, Text.guide("1"))
        world.ready(1)
        world.hear(1, part)
        world.leave(first)
        #expect(world.hear(1, part) == [])
        world.pass(.seconds(30))
        #expect(world.hear(1, part) == [.closeConnection(1, 1000)])
        #expect(world.census.exchanges == 0)
        world.say(other, Text.guide("2"))
        #expect(world.ready(2).forwarded == ["2: 2"])
    }

    @Test func `and all of them end after exchange.total`() throws {
        let world = try world { $0.upstreams[0].exchangeTotal = .minutes(10) }
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        for _ in 0..<10 {
            #expect(world.hear(1, part).delivered == ["1: part"])
            world.pass(.minutes(1))
        }
        let last = world.hear(1, part)
        #expect(last.delivered.first == "1: part")
        #expect(last.errors == ["timeout sent"])
        #expect(last.contains(.closeConnection(1, 1000)))
    }

    @Test func `other replies are waited for`() throws {
        let world = try world()
        let client = world.connect(nil)
        world.say(client, Text.content("1"))
        world.ready(1)
        #expect(world.leave(client) == [])
        #expect(world.hear(1, Text.reply("r")) == [.closeConnection(1, 1000)])
        #expect(world.census.isEmpty)
    }

    private static let error = #"{"type":"error","message":"no"}"#

    @Test func `an error ends one though replies of its kind are not listed`() throws {
        let world = try world { $0.upstreams[0].replies.match = ["message"] }
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.hear(1, part)
        #expect(world.hear(1, Self.error).delivered == ["\(anna): no"])
        #expect(world.census.exchanges == 0)
        #expect(world.say(anna, Text.guide("2")).forwarded == ["1: 2"])
    }

    @Test func `and so it does where messages are passed through: nothing holds a change of side`() throws {
        let world = try Driver(
            .migration {
                $0.upstreams[0].replies.until = ReplyEnd(values: ["done"])
                $0.upstreams[0].replies.match = ["message"]
            })
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, #"{"message":"1"}"#)
        world.hear(1, part)
        #expect(world.hear(1, Self.error).count == 1)
        try world.serve(0, by: .unified)
        #expect(world.say(anna, #"{"message":"2"}"#).dials == 1)
        #expect(world.ready(2).forwarded == ["2: 2"])
    }
}
