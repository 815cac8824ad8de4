/// The running proxy, as the control plane sees it: what it reads there, and what it tells it to do.
package protocol DataPlane: PlaneReports {
    /// Hands a table to all workers; returns when all go by it.
    ///
    /// - Parameter spread: the time over which sockets of endpoints that are no more are closed.
    func publish(_ table: RoutingTable, spread: TimeSpan) async
    /// Replaces the connections of a route, by name, as they become idle. A name that no route has does nothing.
    func reconnect(_ route: String) async
    /// Ends sessions.
    ///
    /// - Parameter block: for so long credentials that were issued before let nobody of them in.
    func kick(_ choice: SessionChoice, block: TimeSpan) async -> KickReport
}
