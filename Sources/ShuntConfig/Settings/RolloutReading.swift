import ShuntCore

extension RouteSettings {
    /// Reads who serves a route: `served_by`, `hold`, `pin`, `pin_idle`, `fallback`, `overrides`. What cannot be read
    /// stays as it is.
    ///
    /// - Returns: false when `served_by` cannot be read, so that nothing follows from it.
    mutating func readRollout(_ section: Section) -> Bool {
        let diagnostics = section.diagnostics
        let wanted = section["served_by"].map { diagnostics.readRollout($0) }
        if case .some(.some(let rollout)) = wanted { servedBy = rollout }
        if let node = section["hold"] {
            hold = diagnostics.read(node, .choice(["legacy": .legacy, "unified": .unified]))
        }
        section.set(
            &pin, "pin", .choice(["conversation": .conversation, "session": .session, "exchange": .exchange]))
        section.set(&pinIdle, "pin_idle", .duration(.seconds(1) ... .hours(24 * 30)))
        section.set(&fallsBack, "fallback", .choice(["legacy": true, "none": false]))
        if let node = section["overrides"] { readOverrides(node, diagnostics) }
        if case .some(.none) = wanted { return false }
        return true
    }

    private mutating func readOverrides(_ node: DocumentNode, _ diagnostics: DiagnosticList) {
        guard case .list(let nodes) = node.content else {
            diagnostics.error(
                node, "found \(node.found)", allowed: "a list: [{client_app: \"qa-*\", served_by: unified}, …]")
            return
        }
        guard nodes.count <= 1000 else {
            diagnostics.error(node, "found a list of \(nodes.count)", allowed: "at most 1000 overrides")
            return
        }
        for element in nodes {
            guard let section = Section(element, diagnostics) else { continue }
            var app: String? = "*"
            if let name = section["client_app"] {
                app = diagnostics.read(name, .literal(.text("the name of an application, such as \"qa-*\"")))
            }
            var tenant: String?
            if let name = section["tenant"] {
                tenant = diagnostics.read(name, .literal(.text("the name of a tenant, such as acme or \"eu-*\"")))
                if tenant == nil { continue }
            } else if section["client_app"] == nil {
                diagnostics.error(
                    element, "the override names no client",
                    allowed: "{client_app: …, served_by: …} or {tenant: …, served_by: …}")
                app = nil
            }
            var rollout: Rollout?
            if let wanted = section["served_by"] {
                rollout = diagnostics.readRollout(wanted)
            } else {
                diagnostics.error(element, "the override has no served_by", allowed: Rollout.allowed)
            }
            section.finish()
            guard let app, let rollout else { continue }
            let known = overrides.first {
                ($0.app == app || $0.app.allSatisfy { $0 == "*" }) && ($0.tenant == nil || $0.tenant == tenant)
            }
            if known != nil {
                diagnostics.warning(
                    element, "the override has no effect: an earlier one fits the same clients",
                    advice: "the first that fits a client counts")
            }
            overrides.append(ClientOverride(app: app, tenant: tenant, servedBy: rollout))
        }
    }
}

extension Rollout {
    fileprivate static var allowed: String { "legacy, unified or {unified: 25%}" }
}

extension DiagnosticList {
    /// Reads `legacy`, `unified` or `{unified: 25%}`; nil when it is none, which is told.
    fileprivate func readRollout(_ node: DocumentNode) -> Rollout? {
        guard node.entries != nil, let section = Section(node, self) else {
            let words = ["legacy": Rollout.legacy, "unified": Rollout.unified]
            return read(
                node,
                ValueKind(allowed: Rollout.allowed) { scalar in
                    if let rollout = words[scalar.text] { return .value(rollout) }
                    // A share alone does not say of what.
                    if Rollout(text: scalar.text) != nil { return .wrong(meant: "{unified: \(scalar.text)}") }
                    return .wrong(meant: NearestWord.to(scalar.text, among: words.keys.sorted()))
                })
        }
        var share: Share?
        if let wanted = section["unified"] {
            share = read(wanted, .share)
        } else if (node.entries ?? []).isEmpty {
            error(node, "the key unified is missing", allowed: Rollout.allowed)
        }
        section.finish()
        return share.map { Rollout(steps: $0.steps) }
    }
}
