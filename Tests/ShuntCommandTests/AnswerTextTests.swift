import ShuntControl
import ShuntCore
import Testing

@testable import shunt

/// How answers of the API look to people.
@Suite struct AnswerTextTests {
    private func route(
        _ name: String, _ origin: RouteDecision.Origin = .file, share: Rollout = .legacy, file: Rollout = .legacy,
        line: Int? = nil, override: StoredOverride? = nil, paused: Bool = false, tally: RouteTally = .init()
    ) -> RouteAnswer {
        RouteAnswer(
            RouteStatus(
                name: name, match: [], endpoint: nil, decision: RouteDecision(rollout: share, origin: origin),
                fileSays: file, line: line, override: override, isPaused: paused, legacyUpstream: "legacy-\(name)",
                unifiedUpstream: name == "guide" ? nil : "unified", tally: tally))
    }

    private func stored(_ value: String, reason: String) -> StoredOverride {
        StoredOverride(
            subject: .route("guide"), value: value, at: UnixTime(milliseconds: 0), by: "ada@desk", reason: reason)
    }

    @Test
    func `routes show what is in force and what made it so`() {
        var tally = RouteTally()
        tally.byLegacy = 120
        tally.byUnified = 40
        tally.errorsByUnified = 3
        tally.waiting = 2
        let answer = [
            route("guide", line: 12),
            route(
                "liaison/content", .override, share: Rollout(steps: 2500), override: stored("25%", reason: "trial"),
                paused: true, tally: tally),
        ]
        var routes = RoutesAnswer([])
        routes.routes = answer
        #expect(
            RoutesText.text(routes) == """
                ROUTE            IN FORCE  ENDPOINT  BY LEGACY  BY UNIFIED  ERRORS  PAUSED             LEGACY UPSTREAM         UNIFIED UPSTREAM  BECAUSE OF
                guide            legacy    -                 0           0     0+0  no                 legacy-guide            -                 file line 12
                liaison/content  25%       -         120 (75%)    40 (25%)     0+3  paused, 2 waiting  legacy-liaison/content  unified           override by ada@desk: trial (the file says legacy)

                """)
    }

    @Test
    func `a legacy endpoint's life is said with its dates`() {
        let since = UnixTime(milliseconds: 1_796_083_200_000)
        let brownout = Brownout(
            routes: ["*"], from: since + .hours(34), length: .hours(1), share: Rollout(steps: 2500))
        let cases: [(EndpointLife?, String)] = [
            (nil, "-"), (EndpointLife(state: .open), "open"), (EndpointLife(state: .closed), "closed"),
            (EndpointLife(state: .deprecated), "deprecated"),
            (
                EndpointLife(state: .deprecated, deprecatedAt: since, sunset: since + .hours(48), brownout: brownout),
                "deprecated since 2026-12-01, sunset 2026-12-03, brownout 2026-12-02T10:00Z (25%)"
            ),
        ]
        for (life, text) in cases { #expect(RoutesText.life(life.map(EndpointLifeAnswer.init)) == text) }
    }

    @Test
    func `each origin has its words`() {
        let cases: [(RouteAnswer, String)] = [
            (route("a"), "file, by default"),
            (route("a", line: 3), "file line 3"),
            (route("a", .hold, line: 4), "hold, line 4"),
            (route("a", .phase, line: 5), "phase, line 5"),
            (route("a", .phase), "phase"),
            (route("a", .override, override: stored("legacy", reason: "")), "override by ada@desk: no reason given"),
            (
                route("a", .override, file: .unified, override: stored("25%", reason: "x\u{1B}y")),
                "override by ada@desk: x\u{1B}y (the file says unified)"
            ),
        ]
        for (answer, words) in cases { #expect(RoutesText.reason(answer) == words) }
    }

    @Test(arguments: [
        (0, 0, "0"), (0, 10, "0 (0%)"), (10, 10, "10 (100%)"), (1, 3, "1 (33%)"), (1, 1000, "1 (<1%)"),
        (999, 1000, "999 (>99%)"), (2, 3, "2 (67%)"),
    ])
    func `a share says none and all only when it is so`(part: Int, sum: Int, text: String) {
        #expect(RoutesText.share(part, of: sum) == text)
    }

    @Test
    func `a preview names what moves, what stays and why`() {
        let status = ProxyStatus(
            version: "1", startedAt: UnixTime(milliseconds: 0), revision: 3, phase: .parallel, phaseIsOverride: false,
            phaseOfFile: .parallel, isDraining: false, workers: 1,
            census: Census(
                clients: 0, sessions: 0, pools: 0, connections: 0, exchanges: 0, heldBytes: 0, parkedReplies: 0,
                parkedBytes: 0),
            tally: Tally(), lastReload: nil, storeProblem: nil)
        let preview = PhasePreview(
            from: .parallel, to: .deprecate,
            moves: [
                .init(
                    route: "guide", from: RouteDecision(rollout: .legacy, origin: .phase),
                    to: RouteDecision(rollout: .unified, origin: .phase))
            ],
            stays: [
                .init(
                    route: "liaison/content", from: RouteDecision(rollout: .legacy, origin: .hold),
                    to: RouteDecision(rollout: .legacy, origin: .hold))
            ], notes: ["Legacy endpoints say that they are deprecated."])
        #expect(
            PhaseText.preview(PhaseAnswer(status, preview: preview)) == """
                parallel -> deprecate

                Routes that change (1):
                ROUTE  NOW     THEN     BECAUSE OF
                guide  legacy  unified  phase

                Routes that stay as they are (1):
                ROUTE            NOW     THEN    BECAUSE OF
                liaison/content  legacy  legacy  hold

                Legacy endpoints say that they are deprecated.


                """)
        #expect(PhaseText.text(PhaseAnswer(status)) == "parallel\nas the file says\n")
    }

    @Test
    func `a change says what it did and what to know`() {
        let report = ChangeReport(revision: 4, changed: ["guide: served by 25% (was legacy)"], notes: ["pin ends\u{7}"])
        #expect(ChangeText.text(ChangeAnswer(report)) == "guide: served by 25% (was legacy)\nnote: pin ends \n")
        #expect(ChangeText.text(ChangeAnswer(ChangeReport(revision: 4, changed: []))) == "nothing changed\n")
    }

    @Test(arguments: [
        ("guide", "served by 25%\nnow", "guide: served by 25% now"), ("guide", "guide: paused", "guide: paused"),
        ("", "reloaded", "reloaded"),
    ])
    func `an event is one line that names its subject once`(subject: String, text: String, shown: String) {
        let event = ProxyEvent(
            id: 1, at: UnixTime(milliseconds: 0), level: "info", kind: "override_set", subject: subject, text: text)
        #expect(
            EventText.text(EventAnswer(event)) == "1970-01-01T00:00:00.000Z  info     override_set        \(shown)\n")
    }

    @Test
    func `a pattern chooses by route name and says when it hits nothing`() throws {
        let routes = ["guide", "liaison/content", "liaison/insights"].map { route($0) }
        #expect(
            try RouteSelection("liaison/*").chosen(from: routes).map(\.name) == ["liaison/content", "liaison/insights"])
        #expect(try RouteSelection("*").chosen(from: routes).count == 3)
        #expect(try RouteSelection("*content").chosen(from: routes).map(\.name) == ["liaison/content"])
        let failure = #expect(throws: CommandFailure.self) { _ = try RouteSelection("lia?son/*").chosen(from: routes) }
        #expect(failure?.kind == .refused)
        #expect(failure?.text.contains("guide, liaison/content") == true)
    }
}
