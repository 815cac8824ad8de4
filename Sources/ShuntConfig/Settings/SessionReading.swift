import ShuntCore

extension SessionSettings {
    /// Reads `session:`.
    mutating func read(_ section: Section) {
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
        if let node = section["validate"] { refuseValidation(node, section.diagnostics) }
        section.finish(later: ["recheck": "a token is believed as long as its session lasts"])
        warnAboutAbsent(section)
    }

    private func refuseValidation(_ node: DocumentNode, _ diagnostics: DiagnosticList) {
        guard let validate = Section(node, diagnostics) else { return }
        guard let with = validate["with"] else {
            if validate.node.isNull { return }
            diagnostics.error(node, "the key with is missing", allowed: "{with: none}")
            return
        }
        switch with.scalar?.text {
        case "none": validate.finish()
        case "jwt", "http":
            diagnostics.error(
                with, "\(with.found) is not supported yet", allowed: "none",
                advice: "without it the token itself is the session, and the backends decide whether it is good")
        default: diagnostics.error(with, "found \(with.found)", allowed: "none")
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
