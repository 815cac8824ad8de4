package import ShuntCore
import Synchronization

/// A data plane for tests: it tells the reports that it is given, and keeps what it is handed and asked for.
package final class FakePlane: DataPlane {
    /// Reports that are told, and calls that came.
    package struct State: Sendable {
        package var pools: [PoolStatus] = []
        /// Of which the first ones are told, as many as are asked for.
        package var sessions: [SessionStatus] = []
        package var tables: [RoutingTable] = []
        package var reconnected: [String] = []
        package var kicked: [(SessionChoice, block: TimeSpan)] = []
        package var kickReport = KickReport()
        package var asked: [String] = []
    }

    private let state: Mutex<State>

    package init(pools: [PoolStatus] = [], sessions: [SessionStatus] = []) {
        var state = State()
        state.pools = pools
        state.sessions = sessions
        self.state = Mutex(state)
    }

    /// Looks at the calls that came, or changes what is told.
    package func with<Result: Sendable>(_ body: (inout State) -> Result) -> Result { state.withLock { body(&$0) } }

    package var tables: [RoutingTable] { with(\.tables) }
    package var reconnected: [String] { with(\.reconnected) }

    /// How a route is served by the table that was published last.
    package func rollout(of route: String) -> String? { tables.last?.route(named: route)?.decision.rollout.text }

    package func publish(_ table: RoutingTable, spread: TimeSpan) async { with { $0.tables.append(table) } }
    package func reconnect(_ route: String) async { with { $0.reconnected.append(route) } }

    package func kick(_ choice: SessionChoice, block: TimeSpan) async -> KickReport {
        with { state in
            state.kicked.append((choice, block))
            return state.kickReport
        }
    }

    package func census() async -> Census { .empty }
    package func tally() async -> Tally { Tally() }
    package func routeReport() async -> [RouteTally] { tables.last.map { $0.routes.map { _ in RouteTally() } } ?? [] }
    package func poolReport() async -> [PoolStatus] { with(\.pools) }

    package func sessionReport(limit: Int, user: String?) async -> [SessionStatus] {
        with {
            $0.asked.append("sessions \(limit)" + (user.map { " of \($0)" } ?? ""))
            return Array($0.sessions.prefix(limit))
        }
    }
}
