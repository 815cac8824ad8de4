/// One client of the demo: which application it is, where it connects, and how it behaves.
struct Role: Sendable {
    /// How an application says who it is.
    enum App: Sendable {
        /// A page in a browser: name, version and token in the query. Its messages are numbered and dated.
        case web(_ name: String, _ version: String)
        /// Name and version in `X-Client-Name` and `X-Client-Version`, the token in the query.
        case mobile(_ name: String, _ version: String)
        /// A `User-Agent` and nothing else: no token either.
        case bot(_ userAgent: String)
    }

    enum Sockets: Sendable, Equatable {
        /// One socket for all agents.
        case unified
        /// A socket for each of these routes, on their legacy endpoints.
        case legacy([String])

        static func legacy(_ routes: String...) -> Self { .legacy(routes) }
    }

    /// What its user does when the legacy endpoint is closed for good.
    enum IfClosed: Sendable, Equatable {
        /// Installs this version, which knows the unified endpoint.
        case updates(_ version: String)
        /// Tries again, once in a while.
        case insists
        /// Is not seen again.
        case leaves
    }

    let name: String
    let app: App
    let sockets: Sockets
    /// Seconds between two messages of one socket.
    let rhythm: ClosedRange<Double>
    let ifClosed: IfClosed

    init(
        _ name: String, _ app: App, on sockets: Sockets, every rhythm: ClosedRange<Double>,
        ifClosed: IfClosed = .insists
    ) {
        self.name = name
        self.app = app
        self.sockets = sockets
        self.rhythm = rhythm
        self.ifClosed = ifClosed
    }

    /// The token of a visit's session, the same at each start of the demo.
    func token(visit: Int) -> String? {
        if case .bot = app { return nil }
        return "demo-session-\(visit)-of-\(name)"
    }

    /// The same user with the version that knows the unified endpoint.
    func updated(to version: String) -> Role {
        let app: App =
            switch self.app {
            case .web(let name, _): .web(name, version)
            case .mobile(let name, _): .mobile(name, version)
            case .bot: self.app
            }
        return Role(name, app, on: .unified, every: rhythm, ifClosed: ifClosed)
    }
}
