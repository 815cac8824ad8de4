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
        section.setList(&routeBy, "route_by", .literal(.member(dots: 1)), count: 1...8)
        if Set(routeBy).count != routeBy.count, let node = section["route_by"] {
            section.diagnostics.error(node, "a member stands there twice")
        }
        if let conversation = section.section("conversation") { readConversation(conversation) }
        if let node = section["default_route"] {
            defaultRoute = section.diagnostics.read(node, .text("a route's name"))
        }
        section.setList(&absorb, "absorb", .text("a type"), count: 0...256)
        section.setList(&oneWay, "one_way", .text("a type"), count: 0...256)
        let types = section["one_way"].map { $0.elements } ?? []
        for node in types where absorb.contains(node.scalar?.text ?? "") {
            section.diagnostics.warning(
                node, "\(node.found) is also in absorb", advice: "an absorbed message is never routed")
        }
    }

    private mutating func readConversation(_ section: Section) {
        section.set(&conversationField, "field", .member(dots: 1))
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
