import ShuntCore

extension UpstreamSettings {
    /// Reads `pass_identity`: names of header fields, each with the claim that it tells.
    mutating func readPassIdentity(_ node: DocumentNode, _ diagnostics: DiagnosticList) {
        passIdentity = []
        if node.isNull || node.scalar?.text == "off" { return }
        guard let entries = node.entries else {
            if node.scalar?.isBroken != true {
                diagnostics.error(node, "found \(node.found)", allowed: "{x-user-id: user, x-tenant-id: tenant} or off")
            }
            return
        }
        for entry in entries {
            var place = entry.value
            place.position = entry.position
            guard HTTPToken.isOne(entry.key) else {
                diagnostics.error(place, "\(Excerpt.quoted(entry.key)) is no name of a header field")
                continue
            }
            if let why = Self.taken(entry.key.lowercased()) {
                diagnostics.error(place, "the field \(Excerpt.quoted(entry.key)) is not free", advice: why)
                continue
            }
            guard let claim = diagnostics.read(entry.value, .claimName) else { continue }
            let field = IdentityField(name: entry.key, claim: claim)
            if passIdentity.contains(where: { $0.reads(like: field) }) {
                diagnostics.error(
                    place, "the field stands there twice",
                    advice: "names that differ by case, or by _ and -, are one to many servers")
                continue
            }
            passIdentity.append(field)
        }
    }

    /// Why a field is somebody else's; nil where it is free.
    private static func taken(_ name: String) -> String? {
        let ofHop = [
            "connection", "upgrade", "host", "content-length", "transfer-encoding", "te", "trailer", "keep-alive",
        ]
        if ofHop.contains(name) || name.hasPrefix("sec-websocket-") { return "it belongs to the handshake itself" }
        if name.hasPrefix("x-forwarded-") || name == "forwarded" { return "proxies tell the client's address with it" }
        if name == "cookie" || name == "origin" || name == "authorization" {
            return "clients send it: take a name of your own, such as x-user-id"
        }
        return nil
    }
}

extension ValueKind where Value == ClaimName {
    /// A claim by its name in `session.validate.claims`.
    static var claimName: ValueKind {
        ValueKind(allowed: "the name of a claim: session, user, tenant, client_app or one of session.validate.claims") {
            $0.text.isEmpty ? .wrong() : .value(ClaimName($0.text))
        }
    }
}

extension ValueKind where Value == Variation {
    static var variation: ValueKind {
        ValueKind(allowed: "query:name, header:name, cookie:name or claim:name") { scalar in
            if scalar.text.hasPrefix("claim:") {
                let name = String(scalar.text.dropFirst(6))
                return name.isEmpty ? .wrong() : .value(.claim(ClaimName(name)))
            }
            switch ValueKind<ValueSource>.source.parse(scalar) {
            case .value(let source): return .value(.value(source))
            case .wrong(let meant, let advice): return .wrong(meant: meant, advice: advice)
            }
        }
    }
}
