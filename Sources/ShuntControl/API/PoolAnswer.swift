package import ShuntCore

/// `GET /api/v1/pools`: the connections to each upstream, over all sessions and workers.
package struct PoolsAnswer: Codable, Sendable, Hashable {
    package var pools: [PoolAnswer]
    package init(_ pools: [PoolStatus]) { self.pools = pools.map(PoolAnswer.init) }
}

/// The pools of one upstream and what they have to do.
package struct PoolAnswer: Codable, Sendable, Hashable {
    package var upstream: String
    /// `legacy` or `unified`.
    package var side: String
    /// Without any query.
    package var url: String
    package var pools: Int
    package var dialling: Int
    package var ready: Int
    package var retired: Int
    package var outstanding: Int
    package var queued: Int
    package var queuedBytes: Int
    /// Workers that have given this upstream up for a while.
    package var openBreakers: Int
    /// Whether it answers; absent where nobody knows.
    package var answers: Bool?

    package init(_ pool: PoolStatus) {
        upstream = pool.upstream
        side = pool.side.text
        url = pool.url
        pools = pool.pools
        dialling = pool.dialling
        ready = pool.ready
        retired = pool.retired
        outstanding = pool.inFlight
        queued = pool.queued
        queuedBytes = pool.queuedBytes
        openBreakers = pool.openBreakers
        answers = pool.answers
    }
}
