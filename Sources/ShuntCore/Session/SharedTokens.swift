/// Notices session tokens that many people seem to share: a constant in a page, a test's token in production. All who send
/// one are one session, and see each other's conversations. Bounded, and it holds hashes only.
package struct SharedTokens: Sendable {
    /// Tokens that are looked at at a time.
    package static let most = 4096
    /// A token is told of that came from so many addresses, and from so many user agents, within `window`.
    package static let many = 5
    package static let window = TimeSpan.hours(1)

    private struct Use {
        var since: Instant
        var addresses: [UInt64] = []
        var agents: [UInt64] = []
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
        if use.addresses.count < Self.many, !use.addresses.contains(address) { use.addresses.append(address) }
        if use.agents.count < Self.many, !use.agents.contains(agent) { use.agents.append(agent) }
        let isNews = !use.isTold && use.addresses.count == Self.many && use.agents.count == Self.many
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
