import ShuntCore

/// Verdicts that were found, by the whole token. Bounded: half of them go when it is full, those that were not asked for
/// of late.
struct VerdictCache {
    struct Entry: Sendable {
        let verdict: CredentialVerdict
        /// The verdict counts before this moment.
        let until: UnixTime
        /// When it was found.
        let found: UnixTime
        /// The key that the token was verified with.
        let key: ByteString?
    }

    private let most: Int
    private let mostBytes: Int
    /// Those that were asked for of late, and the others.
    private var young: [ByteString: Entry] = [:]
    private var old: [ByteString: Entry] = [:]
    private var youngBytes = 0

    /// - Parameters:
    ///   - most: entries.
    ///   - mostBytes: of their tokens.
    init(most: Int, mostBytes: Int) {
        self.most = most
        self.mostBytes = mostBytes
    }

    var count: Int { young.count + old.count }

    /// nil where nothing is known, or not any more.
    mutating func find(_ token: ByteString, at now: UnixTime) -> Entry? {
        if let entry = young[token] { return now < entry.until ? entry : nil }
        guard let entry = old.removeValue(forKey: token) else { return nil }
        insert(token, entry)
        return now < entry.until ? entry : nil
    }

    mutating func insert(_ token: ByteString, _ entry: Entry) {
        guard token.count < mostBytes / 4 else { return }
        if young.count >= most / 2 || youngBytes + token.count > mostBytes / 2 {
            old = young
            young = [:]
            youngBytes = 0
        }
        if young.updateValue(entry, forKey: token) == nil { youngBytes += token.count }
        old[token] = nil
    }

    mutating func remove(_ token: ByteString) {
        if young.removeValue(forKey: token) != nil { youngBytes -= token.count }
        old[token] = nil
    }

    /// Forgets good verdicts on credentials like these.
    mutating func forget(_ fits: (ClientIdentity) -> Bool) {
        remove { token, entry in
            guard case .good(let claims) = entry.verdict else { return false }
            return fits(ClientIdentity(Credential(token), ValidatedClaims(claims)))
        }
    }

    mutating func remove(where fits: (ByteString, Entry) -> Bool) {
        young = young.filter { !fits($0.key, $0.value) }
        old = old.filter { !fits($0.key, $0.value) }
        youngBytes = young.keys.reduce(0) { $0 + $1.count }
    }
}
