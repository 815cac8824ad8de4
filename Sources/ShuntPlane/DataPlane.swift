package import ShuntCore

/// What the control plane needs of the running proxy.
package protocol DataPlane: Sendable {
    /// Hands a table to all workers; returns when all go by it.
    func publish(_ table: RoutingTable, spread: TimeSpan) async
    func reconnect(_ route: String) async
    /// By `Route.index` of the table that was published last.
    func routeReport() async -> [RouteTally]
    func poolReport() async -> [PoolStatus]
    func sessionReport(limit: Int) async -> [SessionStatus]
    func census() async -> Census
    func tally() async -> Tally
}
