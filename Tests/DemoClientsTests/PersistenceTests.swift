import Testing

@testable import DemoClients

private let oldRole = Role("x", .web("app", "1"), on: .legacy("guide"), every: 1...2)
private let newRole = Role("x", .web("app", "3"), on: .unified, every: 1...2)

/// What a client of the demo does after its socket's end.
@Suite struct PersistenceTests {
    private func old(_ ifClosed: Role.IfClosed) -> Persistence {
        Persistence(Role("x", .web("app", "1"), on: .legacy("guide"), every: 1...2, ifClosed: ifClosed))
    }

    private func seconds(_ step: NextStep) -> Double? {
        guard case .dial(let wait) = step else { return nil }
        return wait / .seconds(1)
    }

    @Test(arguments: [SocketEnd.refused(status: 410), .closed(code: 4410)])
    func `a closed legacy endpoint is left, insisted on or exchanged for a newer version`(end: SocketEnd) {
        var leaves = old(.leaves)
        var insists = old(.insists)
        var updates = old(.updates("3.0.1"))
        #expect(leaves.next(after: end, chance: 0) == .leave)
        #expect(insists.next(after: end, chance: 0) == .dial(after: .seconds(15)))
        #expect(updates.next(after: end, chance: 0) == .update(to: "3.0.1", after: .seconds(8)))
        #expect(updates.next(after: end, chance: 1) == .update(to: "3.0.1", after: .seconds(30)))
    }

    @Test(arguments: [SocketEnd.refused(status: 410), .closed(code: 4410)])
    func `a new client takes no end for the end of its endpoint`(end: SocketEnd) {
        var persistence = Persistence(newRole)
        #expect(persistence.next(after: end, chance: 1) == .dial(after: .seconds(1)))
    }

    @Test(arguments: [
        SocketEnd.refused(status: 401), .refused(status: 403), .closed(code: 1008), .closed(code: 4001),
        .closed(code: 4003),
    ])
    func `an end that says log in again takes the time to do so`(end: SocketEnd) {
        for role in [oldRole, newRole] {
            var persistence = Persistence(role)
            #expect(persistence.next(after: end, chance: 0) == .dial(after: .seconds(10)))
        }
    }

    @Test(arguments: [
        SocketEnd.unreachable, .refused(status: 503), .closed(code: 1000), .closed(code: 1001), .closed(code: 1006),
        .closed(code: 1012), .closed(code: 4411),
    ])
    func `an old client tries five times with doubled patience, then its user reloads the page`(end: SocketEnd) {
        var persistence = Persistence(oldRole)
        let waits = (0..<7).map { _ in seconds(persistence.next(after: end, chance: 1)) }
        #expect(waits == [1, 2, 4, 8, 16, 120, 1])
    }

    @Test
    func `a new client never gives up, and waits no longer than half a minute`() {
        var persistence = Persistence(newRole)
        let waits = (0..<300).map { _ in seconds(persistence.next(after: .unreachable, chance: 1)) }
        #expect(waits.prefix(6) == [1, 2, 4, 8, 16, 30])
        #expect(waits.dropFirst(6).allSatisfy { $0 == 30 })
    }

    @Test(arguments: [oldRole, newRole])
    func `nobody dials in a tight loop`(role: Role) {
        var persistence = Persistence(role)
        for _ in 0..<50 {
            let wait = seconds(persistence.next(after: .closed(code: 1006), chance: 0)) ?? 0
            #expect(wait >= 0.25)
        }
    }

    @Test
    func `only what arrives makes a client patient again`() {
        var persistence = Persistence(newRole)
        for _ in 0..<4 { _ = persistence.next(after: .closed(code: 1006), chance: 1) }
        #expect(persistence.next(after: .closed(code: 1006), chance: 1) == .dial(after: .seconds(16)))
        persistence.heard()
        #expect(persistence.next(after: .closed(code: 1006), chance: 1) == .dial(after: .seconds(1)))
    }
}
