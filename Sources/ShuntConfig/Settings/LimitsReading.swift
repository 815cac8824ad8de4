import ShuntCore

extension Limits {
    /// Reads `limits:`.
    mutating func read(_ section: Section) {
        section.set(&message, "message", .size(1 << 10...1 << 30))
        section.set(&nesting, "nesting", .integer(1...10_000))
        section.set(&connections, "connections", .integer(1...10_000_000))
        section.set(&connectionsPerSession, "connections_per_session", .integer(1...1_000_000))
        section.set(&connectionsPerAddress, "connections_per_address", .integer(1...10_000_000))
        section.set(&messagesPerSecond, "messages_per_second", .integer(1...1_000_000))
        section.set(&handshakeTimeout, "handshake_timeout", .duration(.milliseconds(100) ... .minutes(10)))
        if let handshakes = section.section("handshakes") {
            handshakes.set(&handshakeBytes, "bytes", .size(256 << 10...1 << 40))
            handshakes.finish()
        }
        if let ping = section["client_ping"] { readClientPing(ping, section.diagnostics) }
        section.set(&idleTimeout, "idle_timeout", .duration(.seconds(1) ... .hours(24 * 365)))
        section.set(&unreadByClient, "unread_by_client", .size(1 << 10...1 << 32))
        section.set(&memory, "memory", .size(16 << 20...1 << 50))
        section.finish(
            replaced: [
                "handshakes_in_progress":
                    "handshakes under way are bounded in bytes, not in number: handshakes: {bytes: 64MiB}, for the whole process"
            ])
        warn(section)
    }

    private mutating func readClientPing(_ node: DocumentNode, _ diagnostics: DiagnosticList) {
        if node.scalar?.text == "off" {
            clientPing = nil
            return
        }
        guard node.entries != nil, let section = Section(node, diagnostics) else {
            if node.scalar?.isBroken != true {
                diagnostics.error(node, "found \(node.found)", allowed: "{every: 20s, timeout: 20s} or off")
            }
            return
        }
        var settings = KeepaliveSettings()
        section.set(&settings.every, "every", .duration(.milliseconds(100) ... .hours(24)))
        section.set(&settings.timeout, "timeout", .duration(.milliseconds(100) ... .hours(1)))
        section.finish()
        clientPing = settings
    }

    private func warn(_ section: Section) {
        if memory / 4 < message, let node = section["memory"] ?? section["message"] {
            section.diagnostics.error(
                node, "memory (\(ByteSize.text(memory))) is less than four messages (\(ByteSize.text(message)) each)",
                advice: "a message and its reply could never be admitted: raise memory or lower message")
        }
        if connectionsPerSession > connections, let node = section["connections_per_session"] {
            section.diagnostics.warning(
                node, "\(connectionsPerSession) is more than connections allows in all (\(connections))",
                advice: "it never takes effect")
        }
        if connectionsPerAddress > connections, let node = section["connections_per_address"] {
            section.diagnostics.warning(
                node, "\(connectionsPerAddress) is more than connections allows in all (\(connections))",
                advice: "it never takes effect")
        }
    }
}

extension DrainSettings {
    /// Reads `drain:`.
    mutating func read(_ section: Section) {
        section.set(&exchanges, "exchanges", .duration(.zero ... .hours(24)))
        section.set(&spread, "spread", .duration(.zero ... .hours(24)))
        section.set(&limit, "limit", .duration(.zero ... .hours(24)))
        section.finish()
        if exchanges + spread > limit {
            section.diagnostics.warning(
                section["limit"] ?? section.node,
                "exchanges (\(Duration.text(exchanges))) and spread (\(Duration.text(spread))) take longer than limit "
                    + "(\(Duration.text(limit)))",
                advice: "what is left then is cut; raise limit to at least \(Duration.text(exchanges + spread))")
        }
    }
}

extension LogSettings {
    /// Reads `log:`.
    mutating func read(_ section: Section) {
        let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
        section.set(
            &level, "level",
            ValueKind(allowed: Excerpt.choices(levels)) { scalar in
                if levels.contains(scalar.text) { return .value(scalar.text) }
                let meant = ["warn": "warning", "err": "error", "fatal": "critical"][scalar.text.lowercased()]
                return .wrong(meant: meant ?? NearestWord.to(scalar.text, among: levels))
            })
        section.set(&format, "format", .choice(["text": .text, "json": .json]))
        section.finish()
    }
}
