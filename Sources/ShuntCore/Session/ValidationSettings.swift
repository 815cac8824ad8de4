/// Who says whether a credential is good.
package enum Validation: Sendable, Hashable {
    /// Nobody: the token is the session, and backends decide.
    case none
    case jwt(JWTSettings)
    case http(SessionServiceSettings)

    /// How far clocks may be apart.
    package var leeway: TimeSpan { if case .jwt(let settings) = self { settings.leeway } else { .zero } }

    /// Which claims are what; nil where nobody is asked.
    package var claims: ClaimNames? {
        switch self {
        case .none: nil
        case .jwt(let settings): settings.claims
        case .http(let settings): settings.claims
        }
    }

    /// Where sessions are told from tokens: only then one token may take another's place.
    package var namesSessions: Bool { claims?.session.isEmpty == false }
}

/// What happens to an open socket whose credential comes to its end.
package struct ExpirySettings: Sendable, Hashable {
    /// How long before that a client of the unified endpoint is told; nil never.
    package var notice: TimeSpan?
    /// How long messages that were sent before may be answered yet.
    package var grace = TimeSpan.seconds(120)
    package init() {}
}

/// How clients of the unified endpoint show a newer token without connecting anew.
package struct RefreshSettings: Sendable, Hashable {
    /// The kind of such a message.
    package var type = "session_refresh"
    /// The member that holds the token.
    package var token = "session_token"
    /// Whether upstream connections that were dialled with the older one are replaced when they are idle.
    package var redials = false
    package init() {}
}

/// Where in an object of claims one stands: a member's name, or names of nested ones separated by dots. A member whose
/// own name has the dots (`https://id.example.com/tenant`) goes first.
package struct ClaimPath: Sendable, Hashable {
    package let text: String

    package init(_ text: String) { self.text = text }
}

/// Which claims are what.
package struct ClaimNames: Sendable, Hashable {
    /// The first that is there is the session; none: the token is.
    package var session: [ClaimPath] = []
    package var user: ClaimPath?
    package var tenant: ClaimPath?
    package var clientApp: ClaimPath?
    /// Further ones, by the name that the rest of the configuration knows them by.
    package var others: [String: ClaimPath] = [:]
    package init() {}

    /// Whether a claim is named.
    package func knows(_ name: ClaimName) -> Bool {
        switch name {
        case .session: !session.isEmpty
        case .user: user != nil
        case .tenant: tenant != nil
        case .clientApp: clientApp != nil
        case .other(let name): others[name] != nil
        }
    }
}

/// A claim by the name that the configuration knows it by.
package enum ClaimName: Sendable, Hashable {
    case session, user, tenant, clientApp
    case other(String)

    package init(_ text: String) {
        switch text {
        case "session": self = .session
        case "user": self = .user
        case "tenant": self = .tenant
        case "client_app": self = .clientApp
        default: self = .other(text)
        }
    }

    package var text: String {
        switch self {
        case .session: "session"
        case .user: "user"
        case .tenant: "tenant"
        case .clientApp: "client_app"
        case .other(let name): name
        }
    }
}

/// A header field that tells an upstream something of a validated session.
package struct IdentityField: Sendable, Hashable {
    /// The field's name in small letters.
    package let name: String
    package let claim: ClaimName
    /// The name as servers tell names apart that make variables of them: small letters, and no `_`.
    private let folded: [UInt8]

    package init(name: String, claim: ClaimName) {
        self.name = name.lowercased()
        self.claim = claim
        folded = self.name.utf8.map(Self.folded)
    }

    /// Whether two are one to servers that fold names.
    package func reads(like other: IdentityField) -> Bool { folded == other.folded }

    /// Whether a field that a client sends reads as this one.
    func isMeant(by name: ArraySlice<UInt8>) -> Bool {
        name.count == folded.count && zip(name, folded).allSatisfy { Self.folded($0) == $1 }
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : asciiLowercased(byte)
    }
}

/// An algorithm of signatures (RFC 7518 §3.1, RFC 8037).
package enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"
}

/// Where keys for signatures come from.
package enum JWTKeySource: Sendable, Hashable {
    /// A PEM file (public keys or certificates), or a JWKS file.
    case file(String)
    /// A JWKS, fetched again every `refresh`.
    case url(String, refresh: TimeSpan)
    /// A secret of HS256 and its like. Never logged.
    case secret(ByteString)
    /// The same, in a file; the line break at its end is not part of it.
    case secretFile(String)
}

/// How tokens are looked at by their signature.
package struct JWTSettings: Sendable, Hashable {
    package var keys: [JWTKeySource] = []
    /// None but these count, whatever a token or a key says.
    package var algorithms: [SignatureAlgorithm] = []
    /// The issuers whose tokens are good; empty: whoever has the key.
    package var issuers: [String] = []
    /// Of a token's audiences one must be among these; empty: whatever it says.
    package var audiences: [String] = []
    /// How far clocks may be apart.
    package var leeway = TimeSpan.seconds(30)
    /// The longest token that is looked at, in bytes.
    package var longest = 16 << 10
    package var claims = ClaimNames()
    package init() {}
}

/// How a session service is asked.
package struct SessionServiceSettings: Sendable, Hashable {
    /// What counts while the service gives no verdict.
    package enum OnFailure: Sendable, Hashable {
        case refuse
        /// Its last good one, as long as it is no older than `stale`.
        case admitKnown
    }

    package var url = ""
    package var method = "GET"
    /// Where the token goes: a header (`Authorization: Bearer …`), or a field of the query.
    package var send = ValueSource.header("authorization")
    /// How long a good verdict counts without asking again; a bad one counts for 5 s.
    package var cache = TimeSpan.seconds(60)
    package var timeout = TimeSpan.seconds(2)
    /// Questions at a time; the others wait in order.
    package var concurrency = 64
    package var onFailure = OnFailure.refuse
    package var stale = TimeSpan.minutes(10)
    package var claims = ClaimNames()
    package init() {}
}
