/// Notices session tokens that many people seem to share: a constant in a page, a test's token in production. All who send
/// one are one session, and see each other's conversations. Bounded, and it holds hashes only.
package struct SharedTokens: Sendable {
    /// Tokens that are looked at at a time.
    package static let most = 4096
    /// A token is told of that came from so many addresses, and from so many user agents, within `window`.
    package static let many = 5
    package static let window = TimeSpan.hours(1)

    /// A few hashes, each once. In place: a piece of memory of its own for each token would lie between those of clients that
    /// come and go, and keep the system from having theirs back.
    private struct Few {
        private var hashes = InlineArray<5, UInt32>(repeating: 0)
        private var count = 0

        var areMany: Bool { count == SharedTokens.many }

        mutating func see(_ hash: UInt64) {
            let short = UInt32(truncatingIfNeeded: hash)
            for index in 0..<count where hashes[index] == short { return }
            guard count < SharedTokens.many else { return }
            hashes[count] = short
            count += 1
        }
    }

    private struct Use {
        var since: Instant
        var addresses = Few()
        var agents = Few()
        var isTold = false
    }

    private var uses: [UInt64: Use] = [:]

    package init() {}

    /// How many are looked at.
    package var count: Int { uses.count }

    /// A client connected with a token.
    ///
    /// - Parameters: hashes of the session's key, of the client's address and of its `User-Agent`.
    /// - Returns: whether that makes it one that many share: once in `window`.
    package mutating func see(token: UInt64, address: UInt64, agent: UInt64, now: Instant) -> Bool {
        var use = uses[token] ?? Use(since: now)
        if now - use.since >= Self.window { use = Use(since: now) }
        use.addresses.see(address)
        use.agents.see(agent)
        let isNews = !use.isTold && use.addresses.areMany && use.agents.areMany
        if isNews { use.isTold = true }
        if uses[token] == nil, uses.count >= Self.most { makeRoom(now) }
        uses[token] = use
        return isNews
    }

    /// Half of them go, those that began first.
    private mutating func makeRoom(_ now: Instant) {
        let kept = uses.sorted { $0.value.since > $1.value.since }.prefix(Self.most / 2)
        uses = Dictionary(kept.map { ($0.key, $0.value) }) { first, _ in first }
    }
}
