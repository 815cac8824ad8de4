import ShuntCore

/// The shape of a backend's replies.
struct BackendStyle {
    /// The `type` of a reply; nil: replies carry none.
    var type: String?
    /// Replies stand under `data`, as an older generation's do.
    var nested = false
    /// How many parts come before a reply that ends with type `done`; 0: no stream.
    var parts = 0
    /// Echoes the client's conversation id.
    var echoesConversation = false
    /// Answers strictly one after the other.
    var serial = true
}

extension Plan {
    /// A random valid upstream, and the backend that stands behind it.
    func planUpstream(
        _ name: String, at index: Int, unified: Bool, _ dice: inout Dice
    ) -> (UpstreamSettings, BackendStyle) {
        let address = UpstreamAddress(
            host: "backend\(index)", port: 7000 + index, path: "/ws/\(name)", query: dice.chance(20) ? "v=1" : "")
        var settings = UpstreamSettings(name: name, address: address)
        var style = BackendStyle()
        settings.credential = dice.pick([
            .query("session_token"), .query("session_token"), .query("token"), .header("authorization"),
            .header("x-token"), .cookie("session"),
        ])
        settings.identity = dice.chance(10) ? .message : .handshake
        settings.mode = dice.chance(25) ? .client : .session
        if unified && dice.chance(40) { settings.lanes = dice.within(2...3) }
        if dice.chance(15) { settings.vary = [.value(.query("tenant"))] }
        planTimes(&settings, &dice)
        planBounds(&settings, &dice)
        planReplies(&settings, &style, &dice)
        planReshaping(&settings, &style, unified: unified, &dice)
        settings.pushes = [
            "welcome": .forward, "system": .drop, "heartbeat": .answer(#"{"type":"heartbeat","action":"pong"}"#),
        ]
        settings.pushTarget = dice.pick([.last, .last, .all, .none])
        settings.refusals[403] = dice.pick([.auth, .refuse, .limit])
        if dice.chance(30) { settings.refusals[503] = .limit }
        settings.closes = [4001: .auth, 4003: .refuse, 4004: .limit, 4029: .limit]
        return (settings, style)
    }

    private func planTimes(_ settings: inout UpstreamSettings, _ dice: inout Dice) {
        settings.connectTimeout = dice.span(100...1_000)
        settings.handshakeTimeout = dice.span(100...1_000)
        settings.exchangeTimeout = dice.span(200...5_000)
        settings.queue.timeout = dice.span(100...3_000)
        settings.idleTimeout = dice.chance(30) ? dice.span(300...3_000) : .minutes(10)
        settings.lifetime = dice.chance(20) ? dice.span(500...10_000) : .hours(1)
        settings.keepalive.every = dice.span(500...20_000)
        settings.keepalive.timeout = dice.span(300...5_000)
        settings.breakerFailures = dice.within(1...5)
        settings.breakerOpen = dice.span(100...2_000)
    }

    private func planBounds(_ settings: inout UpstreamSettings, _ dice: inout Dice) {
        settings.inFlight = dice.chance(50) ? 1 : dice.within(2...16)
        settings.queue.messages = dice.chance(50) ? dice.within(1...4) : 64
        settings.queue.bytes = dice.chance(20) ? dice.within(1...800) : 1 << 20
        settings.retrySafe = dice.chance(15)
        if dice.chance(15) {
            settings.pace = [Rate(count: dice.within(2...20), per: .seconds(1))]
            if dice.chance(30) { settings.pace.append(Rate(count: dice.within(10...40), per: .seconds(20))) }
        }
    }

    private func planReplies(_ settings: inout UpstreamSettings, _ style: inout BackendStyle, _ dice: inout Dice) {
        switch dice.below(10) {
        case 0...5: settings.correlation = .fifo
        case 6...7:
            settings.correlation = .field("conversation_id", unique: false)
            style.echoesConversation = true
            style.serial = dice.chance(30)
        default:
            settings.correlation = .field("id", unique: true)
            style.serial = dice.chance(30)
        }
        style.type = dice.pick(["response", "chat_response", "message", nil])
        if style.type != nil, dice.chance(30) { settings.replies.matchNone = false }
        if dice.chance(15) {
            settings.replies.match = ["part", "done", "error"]
            settings.replies.until = ReplyEnd(values: ["done", "error"])
            style.type = "done"
            style.parts = dice.within(1...3)
        } else if style.type == "response", dice.chance(20) {
            style.nested = true
        }
        if dice.chance(20) { style.echoesConversation = true }
    }

    private func planReshaping(
        _ settings: inout UpstreamSettings, _ style: inout BackendStyle, unified: Bool, _ dice: inout Dice
    ) {
        var rules = ReshapeRules()
        if style.nested { rules.unwrap = "data" }
        if dice.chance(40) {
            rules.map = [
                .init(
                    field: "type",
                    values: [.init(from: "response", to: "message"), .init(from: "chat_response", to: "message")])
            ]
        }
        if dice.chance(30) { rules.rename = [.init(from: "text", to: "said"), .init(from: "absent", to: "to")] }
        if dice.chance(20) {
            rules.defaults = [.init(field: "type", json: "\"message\""), .init(field: "who", json: "0")]
        }
        if dice.chance(20) { rules.copy = [.init(from: "message", to: "copied")] }
        if dice.chance(20) { rules.set = [.init(field: "version", json: "{\"a\":2}")] }
        if dice.chance(30) { rules.drop = ["echoed_token", "agent"] }
        if dice.chance(10) { rules.wrap = "payload" }
        settings.toUnified = rules
        if dice.chance(20) { settings.request.set = [.init(field: "source", json: "\"shunt\"")] }
        if dice.chance(10) { settings.request.defaults = [.init(field: "extra", json: "null")] }
    }
}
