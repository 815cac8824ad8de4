package import ShuntCore
package import ShuntReactor

/// What a load test is to do.
package struct LoadPlan: Sendable {
    /// When the next message is sent.
    package enum Pace: Sendable, Equatable {
        /// Closed loop: each socket has so many messages under way; a reply is what the next one waits for.
        case inFlight(Int)
        /// Open loop: so many messages a second over all sockets, whatever comes back. A latency counts from the moment a
        /// message was due, so that a target that stalls does not hide its own stall.
        case perSecond(Double)
        /// No messages: each socket is closed as soon as it is open, and opened again.
        case handshakes
    }

    package var target: LoadTarget
    /// What TLS is spoken with; nil where the target is spoken to in the clear.
    package var tls: TLSContext?
    package var users: Int
    /// Whom users talk with, in turn; one at least.
    package var agents: [LoadAgent]
    package var pace: Pace
    /// How long messages are sent, from when the first socket is open.
    package var duration: TimeSpan
    /// Messages that are sent at most, or handshakes that are begun; nil: as many as `duration` has room for.
    package var messages: Int?
    /// The first part of `duration`, which counts for no figure.
    package var warmUp = TimeSpan.seconds(1)
    package var template: MessageTemplate
    /// The member of a reply that holds the message's number.
    package var numberMember = "request_id"
    package var headers: [(name: String, value: String)] = []
    /// Sockets that are opened at the same time, at most.
    package var opensAtOnce = 64
    package var openTimeout = TimeSpan.seconds(10)
    /// How long replies are awaited after the last message.
    package var patience = TimeSpan.seconds(5)
    /// How long all sockets are held open after the last reply.
    package var hold = TimeSpan.zero
    /// Processes whose time and memory are to be known beside: those of the target.
    package var watched = ProcessWatch([])

    package init(
        target: LoadTarget, users: Int, agents: [LoadAgent], pace: Pace, duration: TimeSpan, template: MessageTemplate
    ) {
        self.target = target
        self.users = max(1, users)
        self.agents = agents.isEmpty ? [LoadAgent("chat")] : agents
        self.pace = pace
        self.duration = duration
        self.template = template
    }

    /// A socket for each user and agent, instead of one for each user.
    package var isPerAgent: Bool { target.namesAgent }
    package var socketCount: Int { isPerAgent ? users * agents.count : users }
}

/// Whom a message is for.
package struct LoadAgent: Sendable, Equatable {
    package let type: String
    /// nil where the agent has none.
    package let pillar: String?

    /// - Parameter text: `guide`, or `liaison/content` with a pillar.
    package init(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        type = parts.first ?? text
        pillar = parts.count > 1 ? parts[1] : nil
    }
}

/// Where sockets connect.
package struct LoadTarget: Sendable, Equatable {
    package let host: String
    package let port: Int
    package let isSecured: Bool
    /// Path and query, with `{user}`, `{agent}` and `{pillar}` for what differs.
    package let path: String

    /// What is wrong with a URL, for people.
    package struct Problem: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// - Parameter url: such as `ws://127.0.0.1:8080/api/ws/agent?session_token=load-{user}`.
    package init(_ url: String) throws(Problem) {
        let form = "use one such as ws://127.0.0.1:8080/api/ws/agent"
        guard let scheme = url.firstRange(of: "://")?.lowerBound else {
            throw Problem(description: "\(url) is no URL: \(form)")
        }
        switch url[..<scheme].lowercased() {
        case "ws": isSecured = false
        case "wss": isSecured = true
        default: throw Problem(description: "\(url[..<scheme]):// is no WebSocket's: \(form)")
        }
        let rest = url[url.index(scheme, offsetBy: 3)...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !rest.contains("#"), !authority.contains("@") else {
            throw Problem(description: "a fragment or a user in \(url): \(form)")
        }
        var (host, port) = (String(authority), isSecured ? "443" : "80")
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            host = String(authority[..<colon])
            port = String(authority[authority.index(after: colon)...])
        }
        guard !host.isEmpty, let number = UInt16(port), number > 0 else {
            throw Problem(description: "\(authority) is no host and port: \(form)")
        }
        self.host = host
        self.port = Int(number)
        path = rest[end...].isEmpty ? "/" : rest[end...].hasPrefix("?") ? "/" + rest[end...] : String(rest[end...])
    }

    /// Whom the certificate has to be for.
    var name: String { host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host }

    package var namesAgent: Bool { path.contains("{agent}") || path.contains("{pillar}") }

    /// The path of one socket.
    func path(user: Int, agent: LoadAgent) -> String {
        path.replacing("{user}", with: String(user)).replacing("{agent}", with: agent.type)
            .replacing("{pillar}", with: agent.pillar ?? "")
    }
}
