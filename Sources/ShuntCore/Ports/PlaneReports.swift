/// Reads of the running proxy, over all its workers. `Proxy` answers them, the control plane passes them on
/// (`ProxyControl.reports`): a new one is declared here and implemented there, and restated nowhere.
///
/// Each may be asked from anywhere, at any time: before the start and after the end the workers' last words are told.
/// Places of routes and upstreams are those of the table that was published last.
package protocol PlaneReports: Sendable {
    /// Counts of things that are there now.
    func census() async -> Census
    /// Counts since the start.
    func tally() async -> Tally
    /// Counts of each route, by `Route.index`.
    func routeReport() async -> [RouteTally]
    /// One entry for each upstream.
    func poolReport() async -> [PoolStatus]
    /// The sessions with most sockets first; never a token in it.
    /// - Parameter user: whose; nil for everybody's.
    func sessionReport(limit: Int, user: String?) async -> [SessionStatus]
}
