import ShuntCore
import Testing

@Suite struct `Rollouts` {
    @Test(arguments: [
        ("legacy", 0), ("unified", 10_000), ("1%", 100), ("25%", 2500), ("0.5%", 50), ("0.05%", 5), ("12.25%", 1225),
        ("99.99%", 9999), ("0.01%", 1),
    ])
    func `what is printed is read again`(text: String, steps: Int) {
        #expect(Rollout(text: text)?.steps == steps)
        #expect(Rollout(steps: steps).text == text)
    }

    @Test func `every step is read back from its own text`() {
        #expect((0...Rollout.whole).filter { Rollout(text: Rollout(steps: $0).text)?.steps != $0 } == [])
    }

    @Test(arguments: [
        ("0%", Rollout.legacy), ("100%", .unified), ("100.00%", .unified), ("0.0%", .legacy),
        ("12.50%", Rollout(steps: 1250)),
        ("012%", Rollout(steps: 1200)),
    ])
    func `other ways to write a share are read`(text: String, rollout: Rollout) {
        #expect(Rollout(text: text) == rollout)
    }

    @Test(arguments: [
        "", "%", "100.01%", "101%", "1000%", "-1%", "+1%", "1.%", ".5%", "1.234%", "1,5%", "1 %", " 1%", "1%%", "25",
        "0.25", "1e1%", "Legacy", "UNIFIED", "legacy ", "both", "٢٥%", "1.-1%", "99999999999999999999%", "0x10%",
    ])
    func `anything else is refused`(text: String) {
        #expect(Rollout(text: text) == nil)
    }

    @Test func `steps are cut to what there is`() {
        #expect(Rollout(steps: -5) == .legacy)
        #expect(Rollout(steps: .max) == .unified)
        #expect(Rollout(steps: 1).side == nil)
        #expect(Rollout(.unified).side == .unified)
    }
}

@Suite struct `What decides about a route` {
    private static let share = Rollout(steps: 2500)

    @Test(
        arguments: [
            (nil, nil, Phase.parallel, RouteDecision(rollout: .legacy, origin: .phase)),
            (nil, nil, .migrate, RouteDecision(rollout: share, origin: .file)),
            (nil, nil, .deprecate, RouteDecision(rollout: .unified, origin: .phase)),
            (nil, nil, .complete, RouteDecision(rollout: .unified, origin: .phase)),
            (nil, .legacy, .deprecate, RouteDecision(rollout: .legacy, origin: .hold)),
            (nil, .unified, .parallel, RouteDecision(rollout: .unified, origin: .hold)),
            (nil, .legacy, .migrate, RouteDecision(rollout: .legacy, origin: .hold)),
            (Rollout.unified, .legacy, .parallel, RouteDecision(rollout: .unified, origin: .override)),
            (.legacy, nil, .complete, RouteDecision(rollout: .legacy, origin: .override)),
            (Rollout(steps: 1), .unified, .migrate, RouteDecision(rollout: Rollout(steps: 1), origin: .override)),
        ] as [(Rollout?, Side?, Phase, RouteDecision)])
    func `an override counts before a hold, that before the phase, that before the file`(
        override: Rollout?, hold: Side?, phase: Phase, decision: RouteDecision
    ) {
        #expect(RouteDecision(override: override, hold: hold, phase: phase, servedBy: Self.share) == decision)
    }

    @Test(arguments: Phase.allCases)
    func `only the last phase closes the old endpoints`(phase: Phase) {
        #expect(phase.opensLegacyEndpoints == (phase != .complete))
    }
}

@Suite struct `Overrides for clients` {
    @Test(arguments: [
        ("qa-*", "qa-bot", true), ("qa-*", "qa-", true), ("qa-*", "qa", false), ("qa-*", "xqa-bot", false),
        ("*", "", true), ("*", "anything", true), ("", "", true), ("", "a", false), ("*-bot", "qa-bot", true),
        ("*-bot", "qa-bot-2", false), ("a*b*c", "abc", true), ("a*b*c", "a-c-b-c", true), ("a*b*c", "acb", false),
        ("**", "x", true), ("a**b", "ab", true), ("QA-*", "qa-bot", false), ("é*", "éa", true), ("a?c", "abc", false),
        ("*ab", "aab", true), ("*aab", "aaaab", true),
    ])
    func `a star stands for any run of characters`(pattern: String, name: String, fits: Bool) {
        #expect(ClientOverride(app: pattern, servedBy: .unified).matches(app: ByteString(name)) == fits)
    }

    @Test func `a hostile name costs no more than the product of the lengths`() {
        let pattern = String(repeating: "a*", count: 200) + "b"
        #expect(
            !ClientOverride(app: pattern, servedBy: .unified).matches(
                app: ByteString(String(repeating: "a", count: 5000))))
    }
}
