import ShuntCore

/// What routes and upstreams want to know of sessions, and nobody finds out.
struct ClaimChecks {
    let draft: TableDraft
    let root: DocumentNode
    let diagnostics: DiagnosticList

    func run() {
        let session = draft.definition.session
        var seen: Set<ClaimName> = []
        for (upstream, place) in zip(draft.definition.upstreams, draft.upstreamPlaces) {
            for (claim, key) in wanted(by: upstream) where !knows(claim) && seen.insert(claim).inserted {
                tell(
                    place[key] ?? root["upstream_defaults"]?[key] ?? place,
                    "the claim \(Excerpt.quoted(claim.text)) is wanted, and nobody knows it")
            }
        }
        let overriding = zip(draft.definition.routes, draft.routePlaces).first { route, _ in
            route.overrides.contains { $0.tenant != nil }
        }
        if let (_, place) = overriding, !knows(.tenant) {
            tell(place["overrides"] ?? place, "overrides name tenants, and nobody knows them")
        }
        let varies = draft.definition.upstreams.contains { upstream in
            upstream.vary.contains { if case .claim = $0 { true } else { false } }
        }
        if varies, session.validation != .none, session.anonymousAllowed {
            diagnostics.warning(
                root["session"]?["anonymous"] ?? root,
                "clients without a token have no claims that connections could vary by",
                advice: "with anonymous: allow all of them have the same, which is none")
        }
    }

    private func knows(_ claim: ClaimName) -> Bool {
        draft.definition.session.validation.claims?.knows(claim) ?? false
    }

    /// With the key that wants it.
    private func wanted(by upstream: UpstreamSettings) -> [(ClaimName, String)] {
        upstream.passIdentity.map { ($0.claim, "pass_identity") }
            + upstream.vary.compactMap { if case .claim(let name) = $0 { (name, "vary") } else { nil } }
    }

    private func tell(_ place: DocumentNode, _ what: String) {
        diagnostics.error(
            place, what,
            advice: draft.definition.session.validation == .none
                ? "let session.validate find out who a session is, and name the claim in its claims"
                : "name it in session.validate.claims")
    }
}
