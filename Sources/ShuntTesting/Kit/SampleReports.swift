package import ShuntCore

/// What a proxy in the middle of a migration tells: one route plain, one with everything that a route can have.
package enum SampleReports {
    package static var state: FakeControl.State {
        FakeControl.State(status: status, routes: routes, audit: audit, preview: preview)
    }

    package static var status: ProxyStatus {
        var status = ProxyStatus(
            version: "0.3.0", startedAt: UnixTime(milliseconds: 1_795_000_000_000), revision: 12, phase: .migrate,
            phaseIsOverride: true, phaseOfFile: .parallel, isDraining: false, workers: 2,
            census: census(clients: 5, sessions: 4), tally: Tally(),
            lastReload: ReloadStatus(
                at: UnixTime(milliseconds: 1_795_000_100_000), succeeded: false, lines: ["config.yaml:3:1: phase: no"]),
            storeProblem: "the disk is full")
        status.certificates = [
            CertificateFacts(
                file: "/tls/late.pem", names: ["late.example"], serial: "2", notBefore: 0, notAfter: 1_900_000_000),
            CertificateFacts(
                file: "/tls/soon.pem", names: ["soon.example", "10.0.0.1"], serial: "1", notBefore: 0,
                notAfter: 1_800_000_000),
        ]
        return status
    }

    package static func census(clients: Int, sessions: Int) -> Census {
        Census(
            clients: clients, sessions: sessions, pools: 3, connections: 3, exchanges: 1, heldBytes: 10,
            parkedReplies: 0, parkedBytes: 0)
    }

    package static func event(_ id: Int64, kind: String = "override_set") -> ProxyEvent {
        ProxyEvent(
            id: id, at: UnixTime(milliseconds: 1_795_000_000_000 + id), level: "info", kind: kind, subject: "guide",
            text: "guide: served by 25%")
    }

    package static var routes: [RouteStatus] {
        let plain = RouteStatus(
            name: "guide", match: ["agent_type=guide"], endpoint: nil,
            decision: RouteDecision(rollout: .legacy, origin: .file), fileSays: .legacy, line: nil, override: nil,
            isPaused: false, legacyUpstream: nil, unifiedUpstream: nil, tally: RouteTally())
        var full = RouteStatus(
            name: "liaison/content", match: ["agent_type=liaison", "pillar=content"],
            endpoint: "/api/ws/liaison/content",
            decision: RouteDecision(rollout: Rollout(steps: 2550), origin: .override), fileSays: .legacy, line: 41,
            override: StoredOverride(
                subject: .route("liaison/content"), value: "25.5%", at: UnixTime(milliseconds: 1_795_000_000_250),
                by: "anna", reason: "a try"),
            isPaused: true, legacyUpstream: "liaison", unifiedUpstream: "unified", tally: RouteTally())
        full.life = EndpointLife(
            state: .deprecated, deprecatedAt: UnixTime(milliseconds: 1_796_083_200_000),
            sunset: UnixTime(milliseconds: 1_803_859_200_000),
            brownout: Brownout(
                routes: ["*"], from: UnixTime(milliseconds: 1_801_476_000_000), length: .hours(1), share: .unified))
        full.tally.byLegacy = 30
        full.tally.byUnified = 10
        return [plain, full]
    }

    package static var pools: [PoolStatus] {
        var pool = PoolStatus(upstream: "guide", side: .legacy, url: "ws://127.0.0.1:7101/api/ws/guide")
        pool.ready = 2
        pool.queuedBytes = 77
        return [pool]
    }

    /// Those of four upstreams, and whether each answers.
    package static func pools(answering answers: [String: Bool]) -> [PoolStatus] {
        let more = ["liaison", "unified", "spare"].map {
            PoolStatus(upstream: $0, side: .legacy, url: "ws://127.0.0.1:1/")
        }
        return (pools + more).map { each in
            var each = each
            each.answers = answers[each.upstream]
            return each
        }
    }

    package static var sessions: [SessionStatus] {
        [
            SessionStatus(
                name: "s-1f2e3d", hasToken: true, worker: 1, sockets: 3, open: 1, parked: 0, apps: ["web/2.1"])
        ]
    }

    package static var audit: [AuditEntry] {
        [
            AuditEntry(
                id: 4, at: UnixTime(milliseconds: 1_795_000_000_000), by: "anna", action: .set, subject: "guide",
                from: "legacy", to: "25%", reason: "first quarter")
        ]
    }

    package static var preview: PhasePreview {
        PhasePreview(
            from: .migrate, to: .complete,
            moves: [
                .init(
                    route: "guide", from: RouteDecision(rollout: .legacy, origin: .file),
                    to: RouteDecision(rollout: .unified, origin: .phase))
            ],
            stays: [
                .init(
                    route: "liaison/content", from: RouteDecision(rollout: Rollout(steps: 2500), origin: .override),
                    to: RouteDecision(rollout: Rollout(steps: 2500), origin: .override))
            ],
            notes: ["legacy endpoints are closed"])
    }
}
