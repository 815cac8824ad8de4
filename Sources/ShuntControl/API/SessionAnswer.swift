package import ShuntCore

/// `GET /api/v1/sessions`: the sessions with most sockets first.
package struct SessionsAnswer: Codable, Sendable, Hashable {
    package var sessions: [SessionAnswer]
    package init(_ sessions: [SessionStatus]) { self.sessions = sessions.map(SessionAnswer.init) }
}

/// A session that is there now.
package struct SessionAnswer: Codable, Sendable, Hashable {
    /// A short keyed hash of the token, never the token.
    package var name: String
    package var hasToken: Bool
    package var worker: Int
    package var sockets: Int
    /// Exchanges without an outcome.
    package var open: Int
    /// Replies that wait for the session's return.
    package var parked: Int
    /// What its clients call themselves.
    package var apps: [String]

    package init(_ session: SessionStatus) {
        name = session.name
        hasToken = session.hasToken
        worker = session.worker
        sockets = session.sockets
        open = session.open
        parked = session.parked
        apps = session.apps
    }
}
