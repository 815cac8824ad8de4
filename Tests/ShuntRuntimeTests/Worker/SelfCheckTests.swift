#if DEBUG
    import Logging
    import Testing

    @testable import ShuntCore
    @testable import ShuntRuntime

    /// A debug build looks whether its core contradicts itself.
    @Suite
    struct SelfCheckTests {
        @Test
        func `a contradiction is counted each second, and said once for its kind`() throws {
            let recorder = LogRecorder()
            let world = try FakeWorld(logger: recorder.logger)
            let clients = try (0..<2).map { _ in try world.client() }
            world.worker.checkItself()
            defer { _ = world.worker.cutAll() }
            world.pass(.seconds(3))
            #expect(world.worker.selfCheck.counts.isEmpty)

            for _ in 0..<2 {
                for id in world.worker.switchboard.clients.ids { world.worker.switchboard.clients[id]?.accepted() }
            }
            world.pass(.seconds(3))
            #expect(world.worker.selfCheck.counts == ["client #.# counts # open, has #": 6])
            let said = recorder.all.filter { $0.message == "the core contradicts itself" }
            #expect(said.map(\.level) == [.error])
            #expect(said.first?.metadata["found"]?.hasSuffix("counts 2 open, has 0") == true)
            _ = clients
        }

        @Test
        func `a second's look is at a few sessions, and comes to all`() throws {
            let world = try FakeWorld()
            let count = SelfCheck.slice * 2 + 3
            _ = try (0..<count).map { _ in try world.client() }
            for id in world.worker.switchboard.clients.ids { world.worker.switchboard.clients[id]?.accepted() }
            var check = SelfCheck()
            var seen: [Int] = []
            for _ in 0..<4 {
                _ = check.look(at: world.worker.switchboard)
                seen.append(check.counts.values.reduce(0, +))
            }
            #expect(seen == [SelfCheck.slice, SelfCheck.slice * 2, count, count + SelfCheck.slice])
            for id in world.worker.switchboard.clients.ids {
                _ = world.worker.switchboard.clients[id]?.concluded(Instant(nanoseconds: 0))
            }
        }
    }
#endif
