import ShuntCore

/// Reads `session.validate`: who says whether a credential is good, and which claims are what.
struct ValidationReader {
    let diagnostics: DiagnosticList
    let lookup: TLSLookup

    /// nil for what cannot be used, which is told.
    func read(_ node: DocumentNode) -> Validation? {
        guard let section = Section(node, diagnostics) else { return nil }
        guard let with = section["with"] else {
            if section.node.isNull { return Validation.none }
            diagnostics.error(
                node, "the key with is missing", allowed: "{with: none}, {with: jwt, …} or {with: http, …}")
            return nil
        }
        switch diagnostics.read(with, .choice(["none": "none", "jwt": "jwt", "http": "http"])) {
        case "jwt": return readJWT(section).map { .jwt($0) }
        case "http": return readService(section).map { .http($0) }
        case "none":
            section.finish()
            return Validation.none
        default: return nil
        }
    }

    // MARK: JWT

    private func readJWT(_ section: Section) -> JWTSettings? {
        var settings = JWTSettings()
        guard let keys = section["keys"] else {
            diagnostics.error(
                section.node, "there are no keys",
                allowed: "keys: [{file: keys.pem}] or [{url: \"https://id.example.com/jwks.json\"}]")
            return nil
        }
        let list = keys.elements.map { readKeySource($0) }
        settings.algorithms = readAlgorithms(section)
        section.setList(&settings.issuers, "issuer", .text("the iss of good tokens"), count: 1...20)
        section.setList(&settings.audiences, "audience", .text("an aud of good tokens"), count: 1...20)
        section.set(&settings.leeway, "leeway", .duration(.zero ... .minutes(10)))
        settings.claims = readClaims(section)
        section.finish()
        guard !list.isEmpty, list.count <= 20 else {
            diagnostics.error(keys, "found a list of \(list.count)", allowed: "from 1 to 20 places of keys")
            return nil
        }
        guard !list.contains(nil), !settings.algorithms.isEmpty else { return nil }
        settings.keys = list.compactMap { $0 }
        check(settings, keys, section)
        return settings
    }

    private static let algorithms = KeyValuePairs(
        dictionaryLiteral: ("RS256", SignatureAlgorithm.rs256), ("RS384", .rs384), ("RS512", .rs512), ("PS256", .ps256),
        ("PS384", .ps384), ("PS512", .ps512), ("ES256", .es256), ("ES384", .es384), ("ES512", .es512),
        ("EdDSA", .edDSA), ("HS256", .hs256), ("HS384", .hs384), ("HS512", .hs512))

    /// Empty where one of them cannot be used, which is told.
    private func readAlgorithms(_ section: Section) -> [SignatureAlgorithm] {
        guard let node = section["algorithms"] else { return [.rs256, .es256, .edDSA] }
        return diagnostics.readList(node, .choice(Self.algorithms), count: 1...13) ?? []
    }

    private func readKeySource(_ node: DocumentNode) -> JWTKeySource? {
        let allowed =
            "{file: keys.pem}, {url: \"https://…\", refresh: 5m}, {secret: \"${NAME}\"} or {secret_file: secret}"
        guard let section = Section(node, diagnostics) else { return nil }
        let kinds = ["file", "url", "secret", "secret_file"].filter { section[$0] != nil }
        guard kinds.count == 1, let kind = kinds.first, let place = section[kind] else {
            diagnostics.error(
                node, kinds.isEmpty ? "no place of keys" : "\(kinds.joined(separator: " and ")) stand side by side",
                allowed: allowed)
            return nil
        }
        var refresh = TimeSpan.minutes(5)
        if kind == "url" { section.set(&refresh, "refresh", .duration(.seconds(30) ... .hours(24))) }
        section.finish()
        switch kind {
        case "file": return diagnostics.read(place, path("the path of a PEM or JWKS file")).map { .file($0) }
        case "secret_file": return diagnostics.read(place, path("the path of a file")).map { .secretFile($0) }
        case "url": return readURL(place).map { .url($0, refresh: refresh) }
        default:
            guard let scalar = place.scalar, !scalar.isBroken else { return nil }
            guard scalar.isReference else {
                diagnostics.error(
                    place, "the secret itself stands in the file", allowed: "secret: \"${NAME}\"",
                    advice: "let it come from the environment, or name a secret_file: whoever has it can make tokens")
                return nil
            }
            return .secret(ByteString(scalar.text))
        }
    }

    private func path(_ allowed: String) -> ValueKind<String> {
        ValueKind(allowed: allowed) { scalar in
            scalar.text.isEmpty || scalar.text.utf8.contains(0) || scalar.text.utf8.count > 4095
                ? .wrong() : .value(lookup.path(scalar))
        }
    }

    /// What fits together badly.
    private func check(_ settings: JWTSettings, _ keys: DocumentNode, _ section: Section) {
        let symmetric: [SignatureAlgorithm] = [.hs256, .hs384, .hs512]
        let hasSecrets = settings.keys.contains { if case .secret = $0 { true } else { isSecretFile($0) } }
        let takesSecrets = settings.algorithms.contains { symmetric.contains($0) }
        let place = section["algorithms"] ?? keys
        if hasSecrets, !takesSecrets {
            diagnostics.error(
                place, "no algorithm takes the secret",
                advice: "a secret is for HS256, HS384 or HS512: list them in algorithms")
        } else if takesSecrets, !hasSecrets {
            diagnostics.error(
                place, "HS256 and its like need a secret, and no key is one",
                advice: "take them out, or add {secret: \"${NAME}\"} to keys; public keys are never taken for secrets")
        }
        for case .secret(let secret) in settings.keys {
            let least = settings.algorithms.map(\.leastSecret).filter { $0 > 0 }.min() ?? 0
            guard secret.count < least else { continue }
            diagnostics.error(
                keys, "a secret of \(secret.count) bytes is too short",
                advice: "it needs \(least) bytes or more (RFC 7518 §3.2): shorter ones can be guessed from one token")
        }
        if settings.audiences.isEmpty {
            diagnostics.warning(
                section.node, "no audience is named",
                advice: "tokens that the same issuer made for other services are good here, too: set audience")
        }
        if settings.issuers.isEmpty {
            diagnostics.warning(
                section.node, "no issuer is named", advice: "whoever has one of the keys is believed: set issuer")
        }
    }

    private func isSecretFile(_ source: JWTKeySource) -> Bool {
        if case .secretFile = source { true } else { false }
    }

    // MARK: The session service

    private func readService(_ section: Section) -> SessionServiceSettings? {
        var settings = SessionServiceSettings()
        let address = section["url"].map { readURL($0) }
        if address == nil {
            diagnostics.error(
                section.node, "there is no url", allowed: "url: \"http://127.0.0.1:9000/session\"")
        }
        section.set(&settings.method, "method", .choice(["GET": "GET", "POST": "POST"]))
        section.set(&settings.send, "send", .source)
        section.set(&settings.cache, "cache", .duration(.zero ... .hours(24)))
        section.set(&settings.timeout, "timeout", .duration(.milliseconds(10) ... .minutes(1)))
        section.set(&settings.concurrency, "concurrency", .integer(1...10_000))
        section.set(&settings.onFailure, "on_failure", .choice(["refuse": .refuse, "admit_known": .admitKnown]))
        section.set(&settings.stale, "stale", .duration(.zero ... .hours(24)))
        settings.claims = readClaims(section)
        section.finish()
        guard case .some(.some(let address)) = address else { return nil }
        settings.url = address
        return settings
    }

    private func readURL(_ node: DocumentNode) -> String? {
        let kind = ValueKind<String>(allowed: "a url such as https://id.example.com/jwks.json") { scalar in
            let text = scalar.text
            guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }),
                let separator = text.firstRange(of: "://"), !text.contains("#"), !text.contains("@")
            else { return .wrong() }
            let rest = text[separator.upperBound...]
            guard let place = HostPort(rest.prefix { $0 != "/" && $0 != "?" }), place.port != 0 else { return .wrong() }
            switch text[..<separator.lowerBound].lowercased() {
            case "https": return .value(text)
            case "http": return .value(text)
            case "ws", "wss": return .wrong(advice: "it is asked by HTTP")
            default: return .wrong()
            }
        }
        guard let url = diagnostics.read(node, kind) else { return nil }
        if url.lowercased().hasPrefix("http:"), let place = HostPort(Self.authority(of: url)),
            !IPAddress.isLoopback(place.host), place.host != "localhost"
        {
            diagnostics.warning(
                node, "the url is not encrypted",
                advice: "whoever can read or change what passes there decides who is let in")
        }
        return url
    }

    private static func authority(of url: String) -> Substring {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? ""
        return rest.prefix { $0 != "/" && $0 != "?" }
    }

    // MARK: Claims

    private func readClaims(_ section: Section) -> ClaimNames {
        var names = ClaimNames()
        guard let claims = section.section("claims") else { return names }
        claims.setList(&names.session, "session", .claimPath, count: 1...8)
        func one(_ key: String) -> ClaimPath? { claims[key].flatMap { diagnostics.read($0, .claimPath) } }
        names.user = one("user")
        names.tenant = one("tenant")
        names.clientApp = one("client_app")
        for entry in claims.node.entries ?? [] where names.isFurther(entry.key) {
            guard names.others.count < 32 else {
                diagnostics.error(entry.value, "there are more than 32 further claims")
                break
            }
            names.others[entry.key] = one(entry.key)
        }
        claims.finish()
        return names
    }
}

extension ClaimNames {
    fileprivate func isFurther(_ key: String) -> Bool { !["session", "user", "tenant", "client_app"].contains(key) }
}

extension SignatureAlgorithm {
    /// The fewest bytes that a secret for it may have (RFC 7518 §3.2); 0 where it takes none.
    fileprivate var leastSecret: Int {
        switch self {
        case .hs256: 32
        case .hs384: 48
        case .hs512: 64
        default: 0
        }
    }
}

extension ValueKind where Value == ClaimPath {
    fileprivate static var claimPath: ValueKind {
        ValueKind(allowed: "the name of a claim, such as sub or realm.tenant") { scalar in
            scalar.text.isEmpty || scalar.text.utf8.count > 256 ? .wrong() : .value(ClaimPath(scalar.text))
        }
    }
}
