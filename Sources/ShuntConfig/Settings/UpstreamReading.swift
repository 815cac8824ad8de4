import ShuntCore

/// Reads the settings of upstreams.
struct UpstreamReader {
    /// The keys of an upstream's settings but for `url`: those that may also stand beside a legacy upstream.
    static let sharedKeys: Set<String> = [
        "credential", "host", "origin", "identity", "pass_identity", "pool", "vary", "source_addresses", "pace",
        "correlation",
        "exchange", "replies", "pushes", "pushes_to", "closes", "refusals", "dial", "on_open", "ready",
        "dead_after_error", "keepalive", "breaker", "tls", "to_unified", "request",
    ]

    let diagnostics: DiagnosticList
    let tls: TLSLookup
    /// `upstream_defaults:`, laid under every upstream.
    let defaults: DocumentNode?
    let isUnified: Bool
    /// Names that stay in braces in the url's path.
    var placeholders: [String] = []
    /// The members of the address that stand for values in `on_open`; the unified upstream has no single ones.
    var fields: [String] = []

    /// An upstream as read.
    struct Result {
        var settings: UpstreamSettings
        /// The url as it may be printed.
        var shown: String
    }

    /// Reads one upstream; nil when it has no usable url, which is told.
    func read(_ node: DocumentNode, name: String) -> Result? {
        var node = node
        // A url alone may be written without the key.
        if let scalar = node.scalar, !scalar.isNull {
            node.content = .mapping([DocumentEntry(key: "url", position: node.position, value: node)])
        }
        guard Section(node, diagnostics) != nil else { return nil }
        guard let own = node["url"] else {
            diagnostics.error(node, "the upstream has no url", allowed: UpstreamURL.allowed)
            return nil
        }
        let url = UpstreamURL.read(own, diagnostics, placeholders: placeholders)
        let merged = defaults?.merged(with: node) ?? node
        guard let section = Section(merged, diagnostics) else { return nil }
        _ = section["url"]
        let unknown = UpstreamAddress(host: "", port: 0, path: "/")
        var settings = UpstreamSettings(name: name, address: url?.address ?? unknown)
        // A socket of the unified endpoint may use every upstream: only what is said of one dials for it.
        if let dial = node["dial"], let time = diagnostics.read(dial, .dialTime) { settings.dial = time }
        read(section, into: &settings)
        if let url { checkTLS(url.address, node) }
        return url.map { Result(settings: settings, shown: $0.shown) }
    }

    /// Whether the upstream's own `tls` and its url fit each other; that of the defaults may be for others.
    private func checkTLS(_ address: UpstreamAddress, _ node: DocumentNode) {
        if !address.tls, let own = node["tls"] {
            diagnostics.error(
                own, "tls has no effect: the url begins with ws://", advice: "write wss:// there, or remove tls here")
        }
    }

    /// Reads `upstream_defaults:` by itself, so that its mistakes are told even when no upstream uses it.
    func readDefaults() {
        guard let defaults, let section = Section(defaults, diagnostics) else { return }
        if let url = section["url"] {
            diagnostics.error(url, "upstream_defaults cannot have a url", advice: "every upstream has its own")
        }
        var settings = UpstreamSettings(name: "", address: UpstreamAddress(host: "", port: 0, path: "/"))
        read(section, into: &settings, checking: false)
    }

    private func read(_ section: Section, into settings: inout UpstreamSettings, checking: Bool = true) {
        section.set(&settings.credential, "credential", .sourceOrNone)
        section.set(&settings.host, "host", .upstreamHost)
        section.set(&settings.origin, "origin", .upstreamOrigin)
        section.set(&settings.dialForLegacy, "dial", .dialTime)
        section.set(&settings.identity, "identity", .choice(["handshake": .handshake, "message": .message]))
        if let pool = section.section("pool") { settings.readPool(pool, identity: settings.identity) }
        section.setList(&settings.vary, "vary", .variation, count: 0...16)
        if let node = section["pass_identity"] { settings.readPassIdentity(node, diagnostics) }
        if let node = section["compression"] {
            settings.compression = diagnostics.readCompression(node, over: nil)
        }
        section.setList(&settings.sourceAddresses, "source_addresses", .ipAddress, count: 0...256)
        section.setList(&settings.pace, "pace", .rate, count: 0...8)
        if let node = section["correlation"] { settings.readCorrelation(node, diagnostics) }
        if let exchange = section.section("exchange") { settings.readExchange(exchange) }
        if let replies = section.section("replies") { settings.replies.read(replies) }
        if let pushes = section.section("pushes") { PushAction.read(pushes, into: &settings.pushes) }
        section.set(&settings.pushTarget, "pushes_to", .choice(["last": .last, "all": .all, "none": .none]))
        if let closes = section.section("closes") { settings.readCloses(closes) }
        if let refusals = section.section("refusals") { settings.readRefusals(refusals) }
        let opening = OpeningReader(
            diagnostics: section.diagnostics, words: ["token", "session"] + (isUnified ? [] : fields + placeholders))
        if let node = section["ready"] { settings.ready = opening.readReady(node) }
        if let node = section["on_open"] { settings.onOpen = opening.readMessages(node, settings.ready) }
        section.setList(
            &settings.deadAfterError, "dead_after_error", .text("the beginning of a message"), count: 0...64)
        if let keepalive = section.section("keepalive") {
            keepalive.set(&settings.keepalive.every, "every", .duration(.milliseconds(100) ... .hours(24)))
            keepalive.set(&settings.keepalive.timeout, "timeout", .duration(.milliseconds(100) ... .hours(1)))
            keepalive.finish()
        }
        if let breaker = section.section("breaker") {
            breaker.set(&settings.breakerFailures, "failures", .integer(1...1_000_000))
            breaker.set(&settings.breakerOpen, "open", .duration(.milliseconds(10) ... .hours(1)))
            breaker.finish()
        }
        if let secured = section.section("tls") {
            TLSReader(diagnostics: diagnostics, lookup: tls)
                .readUpstream(secured, into: &settings, looks: settings.address.tls)
        }
        if let rules = section.section("to_unified") { settings.toUnified.read(rules) }
        if let rules = section.section("request") { settings.request.read(rules) }
        section.finish()
        if checking { UpstreamChecks(settings: settings, section: section, isUnified: isUnified).run() }
    }
}

extension UpstreamSettings {
    fileprivate mutating func readPool(_ section: Section, identity: UpstreamIdentity) {
        section.set(&mode, "mode", .poolMode(identity))
        section.set(&lanes, "lanes", .integer(1...64))
        section.set(&maxConnections, "max_connections", .integer(1...10_000_000))
        section.set(&idleTimeout, "idle_timeout", .duration(.milliseconds(100) ... .hours(24 * 30)))
        section.set(&lifetime, "lifetime", .duration(.seconds(1) ... .hours(24 * 365)))
        section.set(&connectTimeout, "connect_timeout", .duration(.milliseconds(10) ... .minutes(10)))
        section.set(&handshakeTimeout, "handshake_timeout", .duration(.milliseconds(10) ... .minutes(10)))
        section.finish()
    }

    fileprivate mutating func readExchange(_ section: Section) {
        section.set(&exchangeTimeout, "timeout", .duration(.milliseconds(10) ... .hours(24)))
        section.set(&exchangeTotal, "total", .duration(.milliseconds(10) ... .hours(24 * 365)))
        section.set(&inFlight, "in_flight", .integer(1...10_000))
        section.set(&retrySafe, "retry", .choice(["never": false, "safe": true]))
        if let waiting = section.section("queue") {
            waiting.set(&queue.messages, "messages", .integer(1...1_000_000))
            waiting.set(&queue.bytes, "bytes", .size(1 << 10...1 << 40))
            waiting.set(&queue.timeout, "timeout", .duration(.milliseconds(10) ... .hours(24)))
            waiting.finish()
        }
        section.finish()
    }

    /// `fifo`, or `{field: name, unique: false}`.
    fileprivate mutating func readCorrelation(_ node: DocumentNode, _ diagnostics: DiagnosticList) {
        guard node.entries != nil, let section = Section(node, diagnostics) else {
            let kind = ValueKind<Correlation>(allowed: "fifo or {field: conversation_id}") { scalar in
                switch scalar.text {
                case "fifo": .value(.fifo)
                case "field": .wrong(advice: "name the member: {field: conversation_id}")
                default: .wrong(meant: NearestWord.to(scalar.text, among: ["fifo"]))
                }
            }
            if let read = diagnostics.read(node, kind) { correlation = read }
            return
        }
        var field = ""
        var isUnique = false
        section.set(&field, "field", .memberPath)
        if let node = section["reply_field"] { correlationInReplies = diagnostics.read(node, .memberPath) }
        section.set(&isUnique, "unique", .boolean)
        if section["field"] == nil {
            diagnostics.error(node, "the key field is missing", allowed: "{field: conversation_id}")
        }
        section.finish()
        if !field.isEmpty { correlation = .field(field, unique: isUnique) }
    }

    private static var meaning: ValueKind<CloseMeaning> {
        .choice(["auth": .auth, "refuse": .refuse, "limit": .limit])
    }

    /// Statuses to meanings, over the defaults.
    fileprivate mutating func readRefusals(_ section: Section) {
        for entry in section.node.entries ?? [] {
            guard let node = section[entry.key] else { continue }
            guard let number = Digits.number(entry.key), let status = Int(exactly: number), (300...599).contains(status)
            else {
                var key = node
                key.position = entry.position
                section.diagnostics.error(
                    key, "found \(Excerpt.quoted(entry.key))", allowed: "an HTTP status such as 403 (300–599)")
                continue
            }
            if let meaning = section.diagnostics.read(node, Self.meaning) { refusals[status] = meaning }
        }
    }

    /// Codes that are reported, and that no backend can close with (RFC 6455 §7.4.1).
    private static func unsent(_ code: String) -> String? {
        switch code {
        case "1004": "1004 is reserved: nobody may close with it"
        case "1005": "1005 says that a close had no code: no backend can close with it"
        case "1006", "1015": "\(code) says that there was no close: no backend can close with it"
        default: nil
        }
    }

    fileprivate mutating func readCloses(_ section: Section) {
        for entry in section.node.entries ?? [] {
            guard let node = section[entry.key] else { continue }
            guard let number = Digits.number(entry.key), let code = UInt16(exactly: number),
                CloseCode(rawValue: code).mayBeSent
            else {
                var key = node
                key.position = entry.position
                section.diagnostics.error(
                    key, "found \(Excerpt.quoted(entry.key))",
                    allowed: "a close code such as 4003 (1000–1003, 1007–1014, 3000–4999)",
                    advice: Self.unsent(entry.key))
                continue
            }
            if code == CloseCode.messageTooBig.rawValue {
                var key = node
                key.position = entry.position
                section.diagnostics.error(
                    key, "1009 has a meaning already",
                    advice: "a message that is too large for the backend ends in message_too_large")
                continue
            }
            if let meaning = section.diagnostics.read(node, Self.meaning) { closes[code] = meaning }
        }
    }
}

extension PushAction {
    /// Types to actions; `none` is a push without a type.
    static func read(_ section: Section, into pushes: inout [String: PushAction]) {
        for entry in section.node.entries ?? [] {
            guard let node = section[entry.key] else { continue }
            guard !entry.key.isEmpty else {
                section.diagnostics.error(node, "a push without a type is written none")
                continue
            }
            if let action = PushAction.read(node, section.diagnostics) {
                pushes[entry.key == "none" ? "" : entry.key] = action
            }
        }
    }

    /// `forward`, `drop`, or `{answer: …}` with JSON text or a mapping.
    fileprivate static func read(_ node: DocumentNode, _ diagnostics: DiagnosticList) -> PushAction? {
        let allowed = "forward, drop, {greeting: true} or {answer: '{\"type\":\"pong\"}'}"
        guard node.entries != nil, let section = Section(node, diagnostics) else {
            let words: ValueKind<PushAction> = .choice(["forward": .forward, "drop": .drop])
            return diagnostics.read(node, ValueKind(allowed: allowed, parse: words.parse))
        }
        defer { section.finish() }
        var isGreeting = false
        section.set(&isGreeting, "greeting", .boolean)
        guard let answer = section["answer"] else {
            if section["greeting"] == nil { diagnostics.error(node, "found \(node.found)", allowed: allowed) }
            return isGreeting ? .greeting : .forward
        }
        if isGreeting { diagnostics.error(answer, "a greeting is for clients, and not answered", allowed: allowed) }
        return diagnostics.readMessage(answer, to: "the upstream").map { .answer($0) }
    }
}

extension ValueKind where Value == String {
    fileprivate static var ipAddress: ValueKind {
        ValueKind(allowed: "an IP address") { IPAddress.bytes($0.text) == nil ? .wrong() : .value($0.text) }
    }
}

extension ValueKind where Value == DialTime {
    fileprivate static var dialTime: ValueKind {
        .choice(["on_message": .onMessage, "on_connect": .onConnect, "keep": .keep])
    }
}

extension ValueKind where Value == PoolMode {
    fileprivate static func poolMode(_ identity: UpstreamIdentity) -> ValueKind {
        ValueKind(allowed: "session or client") { scalar in
            switch scalar.text {
            case "session": .value(.session)
            case "client": .value(.client)
            case "exchange", "shared":
                .wrong(
                    advice: identity == .handshake
                        ? "with identity: handshake a connection belongs to the token it was dialled with, and "
                            + "\(scalar.text) would answer one session over another's"
                        : "\(scalar.text) is not supported yet")
            default: .wrong(meant: NearestWord.to(scalar.text, among: ["session", "client"]))
            }
        }
    }
}
