import ShuntCore
import ShuntPlane
import ShuntStore
import ShuntTesting
import Testing

@Suite("What is changed while the proxy runs")
struct ControlPlaneTests {
    @Test
    func `an override serves a route, is told, kept, and removed again`() async throws {
        let store = MemoryStore()
        let kit = try PlaneKit(store: store)
        let report = try await kit.perform(.setRoute("guide", Rollout(steps: 2500)))
        #expect(report.changed == ["guide: served by 25% (was legacy), because of an override"])
        #expect(kit.data.rollout(of: "guide") == "25%")
        #expect(await store.overrides().map(\.value) == ["25%"])
        let status = await kit.plane.routes().first
        #expect(status?.decision.origin == .override)
        #expect(status?.fileSays == .legacy)
        #expect(status?.override?.by == "ada")

        try await kit.perform(.unsetRoute("guide"))
        #expect(kit.data.rollout(of: "guide") == "legacy")
        #expect(await store.overrides().isEmpty)
        let audit = try await kit.plane.audit(limit: 10, before: nil)
        #expect(audit.map(\.action) == [.remove, .set])
        #expect(audit.map { "\($0.from)→\($0.to)" } == ["25%→legacy", "legacy→25%"])
        #expect(audit.allSatisfy { $0.by == "ada" && $0.reason == "because" })
    }

    @Test
    func `an override stands above hold, phase and file; hold above the phase`() async throws {
        let kit = try PlaneKit()
        try await kit.perform(.setPhase(.deprecate))
        #expect(kit.data.rollout(of: "guide") == "unified")
        #expect(kit.data.rollout(of: "held") == "legacy")
        try await kit.perform(.setRoute("held", .unified))
        try await kit.perform(.setRoute("guide", .legacy))
        #expect(kit.data.rollout(of: "held") == "unified")
        #expect(kit.data.rollout(of: "guide") == "legacy")
    }

    @Test
    func `an unknown route is refused with the nearest name`() async throws {
        let kit = try PlaneKit()
        #expect(await kit.refusal(.setRoute("giude", .unified)) == .unknownRoute("giude", meant: "guide"))
        #expect(await kit.refusal(.pause("giude")) == .unknownRoute("giude", meant: "guide"))
        #expect(kit.data.tables.isEmpty)
    }

    @Test
    func `of two writers who saw the same state the second is told so`() async throws {
        let kit = try PlaneKit()
        let seen = await kit.plane.status().revision
        try await kit.perform(.setRoute("guide", .unified), revision: seen)
        #expect(await kit.refusal(.setRoute("guide", .legacy), revision: seen) == .conflict(seen: seen, now: seen + 1))
        #expect(kit.data.rollout(of: "guide") == "unified")
    }

    @Test
    func `a revision of one process is none of the next`() async throws {
        let before = try PlaneKit(startedAt: UnixTime(milliseconds: 1_795_000_000_000))
        try await before.perform(.setRoute("guide", .unified))
        let seen = await before.plane.status().revision
        let next = try PlaneKit(startedAt: UnixTime(milliseconds: 1_795_000_000_900))
        let now = await next.plane.status().revision
        #expect(await next.refusal(.setRoute("guide", .unified), revision: seen) == .conflict(seen: seen, now: now))
        #expect(next.data.tables.isEmpty)
    }

    @Test
    func `a hundred changes at once are made one after the other`() async throws {
        let kit = try PlaneKit()
        let seen = await kit.plane.status().revision
        await withTaskGroup { group in
            for step in 1...100 {
                group.addTask { _ = try? await kit.perform(.setRoute("guide", Rollout(steps: step))) }
            }
        }
        #expect(await kit.plane.status().revision == seen + 100)
        let steps = kit.data.tables.compactMap { $0.route(named: "guide")?.decision.rollout.steps }
        #expect(steps.sorted() == Array(1...100))
        #expect(await kit.plane.routes().first?.decision.rollout.steps == steps.last)
    }

    @Test
    func `what has no upstream to serve it is not possible, and says what to do`() async throws {
        let kit = try PlaneKit(
            """
            routes:
              guide: {match: {agent_type: guide}, legacy: {upstream: {url: "ws://127.0.0.1:7101/"}}}
            """)
        for change in [ControlChange.setRoute("guide", .unified), .setPhase(.complete)] {
            guard case .notPossible(let text) = await kit.refusal(change) else {
                Issue.record("\(change) was possible")
                continue
            }
            #expect(text.contains("guide"))
            #expect(text.contains("hold: legacy"))
        }
        #expect(kit.data.tables.isEmpty)
    }

    @Test
    func `a store that takes nothing refuses overrides, and stops nobody from pausing`() async throws {
        let kit = try PlaneKit(store: FullStore())
        #expect(await kit.refusal(.setRoute("guide", .unified)) == .store("shunt.db: the disk is full: make room"))
        #expect(kit.data.tables.isEmpty)
        #expect(await kit.plane.status().storeProblem == "shunt.db: the disk is full: make room")
        let report = try await kit.perform(.pause("guide"))
        #expect(kit.data.tables.last?.route(named: "guide")?.isPaused == true)
        #expect(report.notes == ["not in the audit trail: the store failed"])
    }

    @Test
    func `pause and resume are told once each`() async throws {
        let kit = try PlaneKit()
        #expect(try await kit.perform(.pause("guide")).changed == ["guide: paused"])
        #expect(try await kit.perform(.pause("guide")).notes == ["guide is paused already"])
        #expect(try await kit.perform(.resume("guide")).changed == ["guide: resumed"])
        #expect(try await kit.perform(.resume("guide")).notes == ["guide is not paused"])
        #expect(kit.data.tables.map { $0.route(named: "guide")?.isPaused } == [true, false])
    }

    @Test
    func `reconnect and drain reach the proxy, and nothing changes after a drain began`() async throws {
        let kit = try PlaneKit()
        try await kit.perform(.reconnect("guide"))
        #expect(kit.data.reconnected == ["guide"])
        try await kit.perform(.drain)
        #expect(kit.stopCount == 1)
        #expect(await kit.plane.status().isDraining)
        #expect(await kit.refusal(.setRoute("guide", .unified)) == .stopping)
        #expect(await kit.refusal(.drain) == .stopping)
        #expect(kit.stopCount == 1)
    }

    @Test
    func `a phase tells beforehand what it moves and what it will not`() async throws {
        let kit = try PlaneKit()
        let preview = await kit.plane.preview(phase: .complete)
        #expect(preview.moves.map(\.route) == ["guide", "content"])
        #expect(preview.stays.map(\.route) == ["held"])
        #expect(preview.stays.map(\.to.origin) == [.hold])
        #expect(kit.data.tables.isEmpty)
    }
}

@Suite("Reading the file again")
struct ReloadTests {
    @Test
    func `what changed is in force and told`() async throws {
        let kit = try PlaneKit()
        kit.write(PlaneKit.text.replacing("{unified: 25%}", with: "{unified: 50%}"))
        let report = try await kit.perform(.reload)
        #expect(report.changed.contains { $0.contains("content") && $0.contains("50%") })
        #expect(kit.data.rollout(of: "content") == "50%")
        #expect(await kit.plane.status().lastReload?.succeeded == true)
    }

    @Test
    func `a bad file changes nothing and says where`() async throws {
        let kit = try PlaneKit()
        kit.write(PlaneKit.text.replacing("25%", with: "250%"))
        guard case .badFile(let problems) = await kit.refusal(.reload) else {
            Issue.record("the file was taken")
            return
        }
        #expect(problems.first?.hasPrefix("config.yaml:10:") == true)
        #expect(kit.data.tables.isEmpty)
        #expect(await kit.plane.status().lastReload?.succeeded == false)
        kit.write(PlaneKit.text)
        #expect(try await kit.perform(.reload).changed == ["the file was read again: nothing changed"])
    }

    @Test
    func `an override stays above what the file says now, and that is told`() async throws {
        let kit = try PlaneKit()
        try await kit.perform(.setRoute("guide", .unified))
        kit.write(PlaneKit.text.replacing("served_by: legacy", with: "served_by: {unified: 5%}"))
        let report = try await kit.perform(.reload)
        #expect(report.notes.contains("guide: served_by 5% is shadowed by the override of ada"))
        #expect(kit.data.rollout(of: "guide") == "unified")
    }

    @Test
    func `a reload in the middle of a reload is refused, and the first one goes on`() async throws {
        let kit = try PlaneKit()
        kit.reading.shut()
        async let first = kit.perform(.reload)
        while !kit.reading.isWaitedAt { await Task.yield() }
        #expect(await kit.refusal(.reload) == .busy)
        kit.reading.open()
        #expect(try await first.changed == ["the file was read again: nothing changed"])
    }

    @Test
    func `a file that cannot be read holds up no other change, and counts when it is read`() async throws {
        let kit = try PlaneKit()
        kit.reading.shut()
        async let reload = kit.perform(.reload)
        while !kit.reading.isWaitedAt { await Task.yield() }
        try await kit.perform(.setRoute("guide", .unified))
        #expect(kit.data.rollout(of: "guide") == "unified")
        kit.write(PlaneKit.text.replacing("served_by: legacy", with: "served_by: {unified: 5%}"))
        kit.reading.open()
        #expect(try await reload.notes.contains("guide: served_by 5% is shadowed by the override of ada"))
        #expect(kit.data.rollout(of: "guide") == "unified")
    }

    @Test
    func `the pause of a route that is gone is gone`() async throws {
        let kit = try PlaneKit()
        try await kit.perform(.pause("guide"))
        kit.write(
            PlaneKit.text.replacing("  guide:\n", with: "  other:\n").replacing(
                "agent_type: guide", with: "agent_type: x"))
        try await kit.perform(.reload)
        kit.write(PlaneKit.text)
        try await kit.perform(.reload)
        #expect(kit.data.tables.last?.route(named: "guide")?.isPaused == false)
    }
}
