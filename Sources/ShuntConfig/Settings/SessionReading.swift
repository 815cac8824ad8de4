import ShuntCore

extension SessionSettings {
    /// Reads `session:`.
    mutating func read(_ section: Section, _ lookup: TLSLookup) {
        section.setList(&token, "token", .tokenSource, count: 1...16)
        section.setList(&absent, "absent", .anyText, count: 0...100)
        section.set(&anonymousAllowed, "anonymous", .choice(["allow": true, "deny": false]))
        section.set(&linger, "linger", .duration(.zero ... .hours(24)))
        if let parked = section.section("parked_replies") {
            parked.set(&parkedCount, "count", .integer(0...100_000))
            parked.set(&parkedBytes, "bytes", .size(0...1 << 30))
            parked.set(&parkedFor, "for", .duration(.zero ... .hours(24)))
            parked.finish()
        }
        readValidation(section, lookup)
        if let node = section["expiry"], let part = Section(node, section.diagnostics) { readExpiry(part) }
        if let node = section["refresh"], let part = Section(node, section.diagnostics) { readRefresh(part, section) }
        section.finish(later: ["recheck": "a session service is asked once for each socket"])
        warnAboutAbsent(section)
    }

    private mutating func readExpiry(_ section: Section) {
        if let node = section["notice"] {
            expiry.notice =
                node.isNull || node.scalar?.text == "off"
                ? nil : section.diagnostics.read(node, .duration(.seconds(1) ... .hours(24)))
        }
        section.set(&expiry.grace, "grace", .duration(.zero ... .hours(1)))
        section.finish()
    }

    private mutating func readRefresh(_ section: Section, _ parent: Section) {
        section.set(&refresh.type, "type", .text("a type"))
        section.set(&refresh.token, "token", .member(dots: 0))
        section.set(&refresh.redials, "on_refresh", .choice(["keep": false, "redial": true]))
        section.finish()
        guard !validation.namesSessions else { return }
        section.diagnostics.warning(
            section.node, "no newer token is ever taken on an open socket",
            advice: validation == .none
                ? "nobody knows whose it is: that needs session.validate with claims.session"
                : "name the session in validate.claims.session: two tokens of one session are told by it")
    }

    private mutating func readValidation(_ section: Section, _ lookup: TLSLookup) {
        let list = section.diagnostics
        guard let node = section["validate"] else { return }
        guard let read = ValidationReader(diagnostics: list, lookup: lookup).read(node) else { return }
        validation = read
        guard validation != .none else { return }
        if section["anonymous"] == nil { anonymousAllowed = false }
        if anonymousAllowed, let place = section["anonymous"] {
            list.warning(
                place, "clients without a token are let in beside those that are validated",
                advice: "each is a session alone, which no upstream is told an identity of; deny is the default here")
        }
        if case .jwt = validation, token.contains(where: { if case .query = $0 { true } else { false } }) {
            list.warning(
                section["token"] ?? node, "tokens stand in the query of the handshake",
                advice: "proxies in front write it to their access logs: let them leave the query out")
        }
    }

    /// A list replaces the default list; what it forgets becomes a session that many clients share.
    private func warnAboutAbsent(_ section: Section) {
        guard let node = section["absent"] else { return }
        let forgotten = ["", "undefined", "null"].filter { !absent.contains($0) }
        guard !forgotten.isEmpty else { return }
        section.diagnostics.warning(
            node, "the list lacks \(Excerpt.choices(forgotten.map(Excerpt.quoted)))",
            advice: "clients that send such a token would be one session, and see each other's conversations")
    }
}
