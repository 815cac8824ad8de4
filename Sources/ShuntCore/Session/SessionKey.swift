/// Who a session is: what a validator found in its claims, else the token. Directory, sessions, pools, buckets, parked
/// replies, the ledger and conversation ids go by it.
///
/// Two keys are equal where they are of one kind and all bytes are the same: a token that reads like somebody's session is
/// somebody else. It may hold a token, so its text shows nothing of it.
package struct SessionKey: Hashable, Sendable, Secret {
    private enum Kind: UInt8 { case token, claim }

    private let kind: Kind
    /// The token; or what stands for the claim, its issuer and its tenant.
    private let value: ByteString

    /// The token is the identity: nobody validated it.
    package init(token: ByteString) { (kind, value) = (.token, token) }

    /// The session of a validated token: the same where the session claim, issuer, tenant and user are, with their JSON
    /// types. Whoever has another user's session id is somebody else, not that user.
    package init(session: ClaimValue, of claims: Claims) {
        var bytes = [session.kind, claims.tenant?.kind, claims.user?.kind].map { $0?.rawValue ?? 0xFF }
        bytes.append(claims.issuer == nil ? 0 : 1)
        for part in [claims.issuer, claims.tenant?.text, claims.user?.text].map({ $0?.bytes ?? [] }) {
            // With its length, so that nothing of one part reads as another's.
            let length = UInt64(part.count)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: length &>> (56 - 8 * $0)) }
            bytes += part
        }
        (kind, value) = (.claim, ByteString(bytes + session.text.bytes))
    }

    /// The same key in memory of its own.
    package init(copying other: SessionKey) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(other.value.count)
        bytes.append(contentsOf: other.value.bytes)
        (kind, value) = (other.kind, ByteString(bytes))
    }

    /// The keyed hash that stands for the session where the key may not be shown: in sketches, logs and conversation ids.
    /// Without `key` it says nothing about the token.
    package func hash(keyedBy key: (UInt64, UInt64)) -> UInt64 {
        switch kind {
        case .token: SipHash.hash(value.bytes, key: key)
        // No token has a zero byte: no claim has the hash of a token because it reads like it.
        case .claim: SipHash.hash([0] + value.bytes, key: key)
        }
    }

    /// The same hash as text.
    package func shortName(keyedBy key: (UInt64, UInt64)) -> [UInt8] { SessionHash.text(hash(keyedBy: key)) }
}
