import ShuntTesting
import Testing

@testable import ShuntCore

/// The core's look at itself finds what does not fit, each kind of it.
@Suite struct InconsistencyTests {
    /// One client with a message in flight, one waiting and one that was parked for another session.
    private func world() throws -> Driver {
        let world = try Driver(.agents { $0.upstreams[0].inFlight = 1 })
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.say(anna, Text.guide("2"))
        let ben = world.connect("ben")
        world.say(ben, Text.guide("3"))
        world.ready(2)
        world.leave(ben)
        world.hear(2, Text.reply("3"))
        return world
    }

    private static let corruptions: [(String, @Sendable (inout Switchboard) -> Void)] = [
        ("counts 0 in flight", { core in for id in core.links.ids { core.links[id]?.abandoned(); return } }),
        ("bytes waiting", { core in for id in core.exchanges.ids { core.exchanges[id]?.size += 1 } }),
        ("open, has", { core in for id in core.clients.ids { core.clients[id]?.accepted() } }),
        ("open, has", { core in for id in core.sessions.ids { core.sessions[id]?.accepted() } }),
        ("with legacy, has", { core in for id in core.seats.ids { core.seats[id]?.sent(.legacy) } }),
        (
            "shut and waits for nothing",
            { core in
                for id in core.seats.ids {
                    core.seats[id]?.sent(.unified)
                    _ = core.seats[id]?.awaitPreviousConnection(to: .unified)
                    _ = core.seats[id]?.ended(.unified)
                    while core.seats[id]?.sentToLegacy ?? 0 > 0 { _ = core.seats[id]?.ended(.legacy) }
                }
            }
        ),
        ("not found by its key", { $0.sessions.forgetKeys() }),
        ("not found by its key", { $0.pools.forgetKeys() }),
        ("stands in 0 lists", { core in for id in core.pools.ids { core.pools[id]?.line = Line() } }),
        ("that is gone or another's", { core in for id in core.pools.ids { core.pools[id]?.links.add(.none) } }),
        ("is not listed by its client", { core in for id in core.clients.ids { core.clients[id]?.seats = [] } }),
        (
            "is not listed once by its session",
            { core in for id in core.sessions.ids { core.sessions[id]?.clients = [] } }
        ),
        ("wrong neighbour", { core in for id in core.exchanges.ids { core.exchanges[id]?.follow(id) } }),
        ("does not belong there", { core in for id in core.exchanges.ids { core.exchanges[id]?.pool = .none } }),
        ("left on the agenda", { $0.agenda.add(.leave(.none)) }),
    ]

    @Test(arguments: corruptions.indices)
    func `what does not fit is found`(_ index: Int) throws {
        let world = try world()
        let (words, corrupt) = Self.corruptions[index]
        #expect(world.event { _, _ in } == [])
        let found = world.event { core, _ in corrupt(&core) }
        #expect(
            found.contains { if case .inconsistent(let text) = $0 { text.contains(words) } else { false } }, "\(found)")
    }

    @Test func `a few sessions at a time find what is theirs, in the end all of it`() throws {
        let world = try world()
        for name in ["carl", "dora"] { world.say(world.connect(name), Text.guide("4")) }
        var looks: [[String]] = []
        world.event { core, _ in
            for corrupted in [false, true] {
                if corrupted { for id in core.clients.ids { core.clients[id]?.accepted() } }
                var place = 0
                repeat {
                    let look = core.inconsistencies(from: place, sessions: 1)
                    looks.append(look.found)
                    place = look.next
                } while place > 0
                #expect(core.inconsistencies(from: 17, sessions: 100).next == 0, "sessions went meanwhile")
            }
            for id in core.clients.ids { _ = core.clients[id]?.concluded(Instant(nanoseconds: 0)) }
        }
        #expect(looks.count == 8, "four sessions, one after the other, twice")
        #expect(looks.prefix(4).allSatisfy { $0.isEmpty })
        #expect(looks.suffix(4).map(\.count).sorted() == [0, 1, 1, 1], "three clients are there")
    }
}
