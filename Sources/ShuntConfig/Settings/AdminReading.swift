import ShuntCore

extension AdminSettings {
    /// Reads `admin:`. No value of it is ever shown: they are secrets.
    mutating func read(_ section: Section) {
        guard let tokens = section.section("tokens") else { return section.finish() }
        readToken = Self.token(tokens, "read")
        writeToken = Self.token(tokens, "write")
        tokens.finish()
        section.finish()
        if let readToken, readToken == writeToken {
            section.diagnostics.warning(
                tokens["read"] ?? tokens.node, "read and write are the same token",
                advice: "whoever may read may change everything then")
        }
        if address == nil, readToken != nil || writeToken != nil {
            section.diagnostics.warning(
                section.node, "the tokens have no effect without listen.admin", advice: "there is no admin listener")
        }
    }

    /// nil for none: `${NAME:-}` of a variable that is not set is empty.
    private static func token(_ section: Section, _ key: String) -> String? {
        guard let node = section[key], !node.isNull else { return nil }
        guard let scalar = node.scalar else {
            section.diagnostics.error(node, "found \(node.found)", allowed: "a token as text")
            return nil
        }
        if scalar.isBroken || scalar.text.isEmpty { return nil }
        // The characters of a bearer token (RFC 6750 §2.1).
        let isToken = scalar.text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "-._~+/=".utf8.contains(byte)
            }
        }
        guard isToken else {
            section.diagnostics.error(
                node, "the token has characters that a bearer token cannot have",
                allowed: "letters, digits and - . _ ~ + / =")
            return nil
        }
        if scalar.text.utf8.count < 16 {
            section.diagnostics.warning(
                node, "the token is shorter than 16 characters", advice: "it can be guessed: make a long random one")
        }
        return scalar.text
    }

    /// What is wrong with the listener, at the place where it is named.
    func check(_ listen: Section, _ clients: [ListenAddress]) {
        guard let address, let node = listen["admin"] else { return }
        if isOpenToOthers {
            listen.diagnostics.error(
                node, "the admin listener is not on a loopback address, and there are no admin.tokens",
                advice: "whoever reaches it could move every route: set admin: {tokens: {read: …, write: …}}, or "
                    + "listen on 127.0.0.1")
        }
        if clients.contains(where: { Self.collide($0, address) }) {
            listen.diagnostics.error(
                node, "listen.clients has the same address", advice: "the two need a port each")
        }
    }

    private static func collide(_ left: ListenAddress, _ right: ListenAddress) -> Bool {
        switch (left, right) {
        case (.tcp(let host, let port), .tcp(let other, let otherPort)):
            port == otherPort && port != 0 && (host == other || IPAddress.isAny(host) || IPAddress.isAny(other))
        default: left == right
        }
    }
}
