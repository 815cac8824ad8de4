import ShuntCore

/// What stands around a route and decides with it.
struct RouteSurroundings {
    /// Whether there is a unified upstream, be it a wrong one.
    var hasUnified: Bool
    var phase: Phase
    /// Where the file names the phase; nil where it does not.
    var phasePlace: DocumentNode?
}

/// What can be wrong with a route though each of its values is allowed.
struct RouteChecks {
    /// As read; its upstream is not in the table yet.
    let route: RouteSettings
    let section: Section
    /// Where the route's name stands.
    let place: DocumentNode
    let surroundings: RouteSurroundings

    private var diagnostics: DiagnosticList { section.diagnostics }
    private var hasLegacy: Bool { section["legacy"] != nil }
    private var decision: RouteDecision { route.decision(in: surroundings.phase) }

    private static let addLegacy = "add legacy: {upstream: {url: \"ws://…\"}}"
    private static let addUnified = "add unified: {upstream: {url: \"ws://…\"}}"

    func run() {
        checkUpstreams()
        checkOverrides()
        checkEffects()
        if route.endpoint?.passthrough == .raw { checkRaw() }
        checkCompression()
    }

    /// Who can have a text of his choice compressed together with a secret finds the secret out by the length of what is
    /// sent. That a backend repeats the token is known where the file says that its replies lose it.
    private func checkCompression() {
        guard route.endpoint?.compression != nil else { return }
        let own = section["legacy"]?["compression"]
        if route.endpoint?.passthrough == .raw {
            if let own {
                diagnostics.warning(
                    own, "compression has no effect with passthrough: raw",
                    advice: "a raw socket agrees with its backend")
            }
            return
        }
        let settings = section["legacy"]
        let dropped = settings?["to_unified"]?["drop"] ?? settings?["upstream"]?["to_unified"]?["drop"]
        guard dropped?.scalars.contains("session_token") ?? false else { return }
        diagnostics.warning(
            own ?? place, "the backend repeats session_token in its replies, which are compressed for old clients",
            advice: "whoever sees their lengths and can have texts answered may guess it: write compression: off")
    }

    // MARK: Sides without an upstream

    private func checkUpstreams() {
        let servedBy = section["served_by"] ?? place
        let isShare = route.servedBy.side == nil
        if !hasLegacy, isShare || (decision.rollout != .unified && decision.origin == .file) {
            diagnostics.error(
                servedBy, "the route is \(words(route.servedBy, of: .legacy)), and has no legacy upstream",
                advice: Self.addLegacy)
        } else if !hasLegacy, decision.rollout != .unified {
            diagnostics.error(
                section["hold"] ?? place,
                decision.origin == .hold
                    ? "the route is held on legacy, and has no legacy upstream"
                    : "phase: \(surroundings.phase.rawValue) serves the route by legacy, and it has no legacy upstream",
                advice: Self.addLegacy + (decision.origin == .phase ? ", or hold: unified" : ""))
        }
        if !surroundings.hasUnified {
            if route.servedBy != .legacy {
                diagnostics.error(
                    servedBy, "the route is \(words(route.servedBy, of: .unified)), and there is no unified upstream",
                    advice: "\(Self.addUnified), or serve the route by legacy")
            } else if route.hold == .unified {
                diagnostics.error(
                    section["hold"] ?? place, "the route is held on unified, and there is no unified upstream",
                    advice: Self.addUnified)
            } else if decision.origin == .phase, decision.rollout == .unified {
                diagnostics.error(
                    surroundings.phasePlace ?? place,
                    "phase: \(surroundings.phase.rawValue) serves every route by unified, and there is no unified "
                        + "upstream", advice: Self.addUnified)
            }
        }
        if route.fallsBack, !hasLegacy, let node = section["fallback"] {
            diagnostics.error(node, "the route has no legacy upstream to fall back to", advice: Self.addLegacy)
        }
    }

    /// `served by unified`, `served by unified for 25%`.
    private func words(_ rollout: Rollout, of side: Side) -> String {
        guard rollout.side == nil else { return "served by \(side.text)" }
        let steps = side == .unified ? rollout.steps : Rollout.whole - rollout.steps
        return "served by \(side.text) for \(Rollout(steps: steps).text)"
    }

    private func checkOverrides() {
        for (override, node) in zip(route.overrides, section["overrides"]?.elements ?? []) {
            if override.servedBy != .legacy, !surroundings.hasUnified {
                diagnostics.error(
                    node, "the override is served by unified, and there is no unified upstream",
                    advice: Self.addUnified)
            }
            if override.servedBy != .unified, !hasLegacy {
                diagnostics.error(
                    node, "the override is served by legacy, and the route has no legacy upstream",
                    advice: Self.addLegacy)
            }
        }
    }

    // MARK: What changes nothing

    private func checkEffects() {
        if let node = section["served_by"], decision.origin == .phase, decision.rollout != route.servedBy {
            diagnostics.warning(
                node, "served_by has no effect in phase: \(surroundings.phase.rawValue)",
                advice: "every route is served by \(decision.rollout.text) then; hold keeps one where it is")
        }
        if let node = section["greet"] ?? section[GreetReader.oldName], section["legacy"]?["path"] == nil {
            diagnostics.warning(
                node, "greet without a legacy path has no effect",
                advice: "it is for clients that connect to legacy.path")
        }
        if let node = section["pin_idle"], route.pin == .exchange {
            diagnostics.warning(node, "pin_idle has no effect with pin: exchange", advice: "nothing is pinned")
        }
    }

    // MARK: Raw

    /// A raw socket is a byte pipe: nothing can be absorbed, sent or moved while it lives.
    private func checkRaw() {
        func refuse(_ node: DocumentNode?, _ what: String, _ advice: String) {
            diagnostics.error(
                node ?? section["legacy"]?["passthrough"] ?? place, "passthrough: raw does not go with \(what)",
                advice: advice)
        }
        if route.endpoint?.heartbeat != nil {
            let own = section["legacy"]?["heartbeat"]
            refuse(
                own, own == nil ? "the heartbeat of legacy_defaults" : "a heartbeat",
                "a raw socket carries the backend's bytes only: write heartbeat: off, or passthrough: managed")
        }
        let advice = "a raw socket cannot change sides while it lives: use passthrough: managed"
        if !route.overrides.isEmpty { refuse(section["overrides"], "overrides", advice) }
        if let hold = route.hold {
            if hold == .unified { refuse(section["hold"], "hold: unified", advice) }
        } else if route.servedBy != .legacy {
            refuse(section["served_by"], "served_by: \(route.servedBy.text)", advice)
        } else if surroundings.phase.side == .unified {
            refuse(
                section["legacy"]?["passthrough"], "phase: \(surroundings.phase.rawValue)",
                advice + ", or hold: legacy")
        }
        if route.fallsBack { refuse(section["fallback"], "fallback", advice) }
        if !(route.endpoint?.greet.isEmpty ?? true) {
            let node = section["greet"] ?? section[GreetReader.oldName]
            refuse(node, "greet", "a raw socket carries the backend's bytes only")
        }
    }
}
