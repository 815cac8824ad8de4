import ShuntCore

extension AddressingSettings {
    /// Reads `unified:`, but for its upstream.
    mutating func read(_ section: Section) {
        var path = paths.first ?? ""
        var aliases: [String] = []
        section.set(&path, "path", .literal(.endpointPath()))
        section.setList(&aliases, "aliases", .literal(.endpointPath()), count: 0...100)
        paths = [path] + aliases
        if Set(paths).count != paths.count {
            section.diagnostics.error(section["aliases"] ?? section.node, "a path stands there twice")
        }
        section.setList(&protocols, "protocols", .subprotocol, count: 0...32)
        if Set(protocols).count != protocols.count, let node = section["protocols"] {
            section.diagnostics.error(node, "a subprotocol stands there twice")
        }
        section.setList(&routeBy, "route_by", .literal(.memberPath), count: 1...8)
        if Set(routeBy).count != routeBy.count, let node = section["route_by"] {
            section.diagnostics.error(node, "a member stands there twice")
        }
        if let conversation = section.section("conversation") { readConversation(conversation) }
        if let node = section["default_route"] {
            defaultRoute = section.diagnostics.read(node, .text("a route's name"))
        }
        let absorbing = AbsorbReader(diagnostics: section.diagnostics)
        if let node = section["absorb"], let types = absorbing.read(node) { absorb = types }
        if let node = section["heartbeat"] { heartbeat = absorbing.readBeat(node) }
        access.readRefusal(section)
        if let node = section["compression"] { compression = section.diagnostics.readCompression(node, over: nil) }
        section.setList(&oneWay, "one_way", .text("a type"), count: 0...256)
        checkOneMeaning(section)
        section.setList(&echo, "echo", .member(dots: 0), count: 0...8)
        checkEcho(section)
    }

    /// What is repeated must be nothing that errors say themselves, and no secret.
    private func checkEcho(_ section: Section) {
        // A path begins with an object of that name.
        let own = [conversationField, conversationPlace, kinds.kindPath] + routeBy
        let taken =
            ["type", "code", "message", "sent", "retry_after"]
            + own.compactMap { path in
                path.split(separator: ".").first.map(String.init)
            }
        for node in section["echo"].map({ $0.elements }) ?? [] {
            guard let name = node.scalar?.text else { continue }
            if name == "session_token" {
                section.diagnostics.error(node, "the token is never repeated")
            } else if name.contains(".") {
                section.diagnostics.error(node, "only members of the top level are repeated")
            } else if taken.contains(name) {
                section.diagnostics.error(
                    node, "errors have a member \(Excerpt.quoted(name)) of their own", advice: "remove it from echo")
            }
        }
        if Set(echo).count != echo.count, let node = section["echo"] {
            section.diagnostics.error(node, "a member stands there twice")
        }
    }

    /// A type means one thing.
    private mutating func checkOneMeaning(_ section: Section) {
        if section["absorb"] == nil { absorb.removeAll { oneWay.contains($0.type) } }
        for node in section["one_way"].map({ $0.elements }) ?? [] {
            guard let type = node.scalar?.text, absorb.contains(where: { $0.type == type }) else { continue }
            section.diagnostics.error(
                node, "\(node.found) is also in absorb",
                advice: "an absorbed message is never routed: keep it in one of them")
        }
    }

    private mutating func readConversation(_ section: Section) {
        section.set(&conversationField, "field", .memberPath)
        if let node = section["reply_field"] { conversationInReplies = section.diagnostics.read(node, .memberPath) }
        if let node = section["template"],
            let template = section.diagnostics.read(node, .text("a text such as \"{agent_type}_{session}\""))
        {
            conversationTemplate = template
            sendsMadeConversation = true
            checkTemplate(template, node, section.diagnostics)
        }
        section.finish()
    }

    private func checkTemplate(_ template: String, _ node: DocumentNode, _ diagnostics: DiagnosticList) {
        let known = routeBy + ["session"]
        let names = Placeholders.names(in: template)
        for name in names where !known.contains(name) {
            diagnostics.unknownPlaceholder(name, at: node, known: known)
        }
        if !names.contains("session") {
            diagnostics.error(
                node, "the template has no {session}",
                advice: "all users would share one conversation with the backend")
        }
    }
}

extension ValueKind where Value == String {
    /// A token of RFC 9110 §5.6.2, as RFC 6455 §4.1 wants it.
    fileprivate static var subprotocol: ValueKind {
        ValueKind(allowed: "the name of a subprotocol such as chat.v1") { scalar in
            if scalar.text.hasPrefix("shunt.") {
                return .wrong(advice: "names that begin with shunt. are the proxy's own")
            }
            return HTTPToken.isOne(scalar.text) ? .value(scalar.text) : .wrong()
        }
    }
}
