/// One thing that a token or a session service says of a session, with its JSON type: the number `7` is not the text `"7"`.
package struct ClaimValue: Hashable, Sendable, Secret {
    package enum Kind: UInt8, Sendable { case text, number, boolean, list }

    package let kind: Kind
    /// A text's characters as UTF-8, escapes resolved; a number or a boolean as it was written; a list's texts, joined by
    /// commas.
    package let text: ByteString

    package init(_ kind: Kind, _ text: ByteString) { (self.kind, self.text) = (kind, text) }

    package init(text: ByteString) { self.init(.text, text) }
}

/// What is known of a credential: who its session, user and tenant are, and how long it is good.
package struct Claims: Sendable, Hashable, Secret {
    /// The session; nil where the token itself is the session.
    package var session: ClaimValue?
    package var user: ClaimValue?
    package var tenant: ClaimValue?
    package var clientApp: ClaimValue?
    /// Who said all this: two issuers may call different sessions the same.
    package var issuer: ByteString?
    /// The credential is good before this moment; nil where it has no end.
    package var expires: UnixTime?
    package var issued: UnixTime?
    /// Further claims that the configuration names, by its names for them.
    package var others: [String: ClaimValue] = [:]

    package init(session: ClaimValue? = nil) { self.session = session }

    package subscript(_ name: ClaimName) -> ClaimValue? {
        switch name {
        case .session: session
        case .user: user
        case .tenant: tenant
        case .clientApp: clientApp
        case .other(let name): others[name]
        }
    }

    /// When the credential has had its time.
    ///
    /// - Parameters:
    ///   - leeway: how far clocks may be apart.
    ///   - wall: the same moment as `now`.
    package func deadline(leeway: TimeSpan, wall: UnixTime, now: Instant) -> Instant {
        guard let expires else { return .distantFuture }
        let (left, overflow) = expires.milliseconds.subtractingReportingOverflow(wall.milliseconds)
        guard !overflow else { return expires < wall ? now : .distantFuture }
        return now + .milliseconds(left) + leeway
    }

    /// Whether these are of a credential that is no older than one with those others: it ends later, or was issued later.
    /// Where nothing is said of that, what comes later counts.
    func areNoOlder(than others: Claims) -> Bool {
        let ends = (expires?.milliseconds ?? .max, others.expires?.milliseconds ?? .max)
        if ends.0 != ends.1 { return ends.0 > ends.1 }
        guard let issued, let before = others.issued else { return true }
        return issued >= before
    }

    /// Nothing is known.
    package static let none = Claims()
}

/// What a credential that was validated stands for. Shared by whoever has it: most sessions have none.
package final class ValidatedClaims: Sendable, Equatable {
    package let claims: Claims
    /// When the credential has had its time, by the clock of the workers: later changes of the wall clock move nothing.
    package let goodUntil: Instant

    package init(_ claims: Claims, until goodUntil: Instant = .distantFuture) {
        self.claims = claims
        self.goodUntil = goodUntil
    }

    package static func == (left: ValidatedClaims, right: ValidatedClaims) -> Bool {
        left.claims == right.claims && left.goodUntil == right.goodUntil
    }
}

/// A validator's word on a credential.
package enum CredentialVerdict: Sendable, Equatable {
    /// Nobody was asked: the token is the session.
    case unasked
    case good(Claims)
    /// It is not good, or not for this: 401 or 403.
    ///
    /// - Parameter problem: for the log: what is wrong, never the token or a part of it.
    case bad(status: Int, problem: String)
    /// Nobody can tell at present. No verdict: the client is to come again.
    case unknown(problem: String)
}
