import ShuntCore
import Synchronization

extension Worker {
    /// Looks whether a session's token seems to be many people's, and says so. By hashes: a line has the session's own, as
    /// conversation ids and `shunt status` show it.
    func noticeSharing(of session: SessionKey, by handshake: Handshake) {
        let key = process.hashKey
        func hash(_ text: ByteString) -> UInt64 { SipHash.hash(text.bytes, key: key) }
        let now = now()
        let agent = handshake.values(of: "user-agent").first ?? ""
        let (known, address) = (session.hash(keyedBy: key), hash(handshake.farAddress))
        let isNews = process.sharedTokens.withLock {
            $0.see(token: known, address: address, agent: hash(agent), now: now)
        }
        guard isNews else { return }
        log.sharedToken(session: session.shortName(keyedBy: key), now: now)
    }
}
