/// Who a session is: the session id that a validator found, else the token. Directory, sessions, pools, buckets, parked
/// replies, the ledger and conversation ids go by it.
///
/// Two keys are equal where they are of one kind and all bytes are the same: a token that reads like somebody's session id
/// is somebody else. It may hold a token, so its text shows nothing of it.
package struct SessionKey: Hashable, Sendable, Secret {
    private enum Kind: UInt8 { case token, sessionID }

    private let kind: Kind
    private let value: ByteString

    /// The token is the identity: nobody validated it.
    package init(token: ByteString) { (kind, value) = (.token, token) }

    /// The session id of a validated token.
    package init(sessionID: ByteString) { (kind, value) = (.sessionID, sessionID) }

    /// The same key in memory of its own.
    package init(copying other: SessionKey) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(other.value.count)
        bytes.append(contentsOf: other.value.bytes)
        (kind, value) = (other.kind, ByteString(bytes))
    }

    /// The user that rollouts and brownouts sort into a bucket.
    package var user: ByteString { value }

    /// The keyed hash that stands for the session where the key may not be shown: in sketches, logs and conversation ids.
    /// Without `key` it says nothing about the token.
    package func hash(keyedBy key: (UInt64, UInt64)) -> UInt64 {
        switch kind {
        case .token: SipHash.hash(value.bytes, key: key)
        // No token has a zero byte: no session id has the hash of a token because it reads like it.
        case .sessionID: SipHash.hash([0] + value.bytes, key: key)
        }
    }

    /// The same hash as text.
    package func shortName(keyedBy key: (UInt64, UInt64)) -> [UInt8] { SessionHash.text(hash(keyedBy: key)) }
}
