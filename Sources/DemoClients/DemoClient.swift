import Synchronization

/// One client of the demo, with the sockets that its role gives it, for as long as its task lives.
struct DemoClient: Sendable {
    let role: Role
    let destination: Destination
    /// What its pages are served from; nil says nothing.
    let origin: String?

    /// Where a socket connects, and which agents it reaches.
    private struct Endpoint {
        let path: String
        let agents: [Destination.Agent]
    }

    /// How a visit ends.
    private enum Parting: Sendable {
        /// The user goes; the next visit is a session of its own.
        case done
        /// The user installs a newer version, and comes back with it.
        case updates(to: String, after: Duration)
        case leaves
    }

    /// Seconds. A session that is pinned to a side stays there as long as it talks: a share that somebody moves shows in
    /// the sessions that begin afterwards, so none is to last too long.
    private static let visit = 25.0...50.0
    private static let pause = 0.5...2.5

    /// Returns when the client has left for good, or its task is cancelled.
    func run() async {
        // Not all in the same moment.
        guard await sleep(.seconds(Double.random(in: 0...1.5))) else { return }
        var client = self
        var number = 1
        while !Task.isCancelled {
            let wait: Duration
            switch await client.pay(visit: number) {
            case .done: wait = .seconds(Double.random(in: Self.pause))
            case .updates(let version, let time):
                wait = time
                client = DemoClient(role: client.role.updated(to: version), destination: destination, origin: origin)
            case .leaves: return
            }
            guard await sleep(wait) else { return }
            number += 1
        }
    }

    /// Whether the destination has anything for it to connect to.
    var isNeeded: Bool { !endpoints.isEmpty }

    private var endpoints: [Endpoint] {
        switch role.sockets {
        case .unified:
            return destination.agents.isEmpty
                ? [] : [Endpoint(path: destination.unifiedPath, agents: destination.agents)]
        case .legacy(let routes):
            return routes.compactMap { route in
                guard let agent = destination.agent(route), let path = agent.legacyPath else { return nil }
                return Endpoint(path: path, agents: [agent])
            }
        }
    }

    /// All sockets of one session. The first that parts takes the others along.
    private func pay(visit number: Int) async -> Parting {
        await withTaskGroup(of: Parting.self) { group in
            for endpoint in endpoints { group.addTask { await hold(endpoint, visit: number) } }
            group.addTask {
                _ = await sleep(.seconds(Double.random(in: Self.visit)))
                return .done
            }
            let parting = await group.next() ?? .leaves
            group.cancelAll()
            return parting
        }
    }

    /// One socket, dialled again and again.
    private func hold(_ endpoint: Endpoint, visit number: Int) async -> Parting {
        let memory = Conversation.Memory(role, agents: endpoint.agents)
        let handshake = Handshake(
            of: role, visit: number, path: endpoint.path, authority: destination.authority, origin: origin)
        while !Task.isCancelled {
            let end = await use(handshake, endpoint, memory)
            if Task.isCancelled { break }
            let step = memory.notes.withLock { $0.persistence.next(after: end, chance: Double.random(in: 0...1)) }
            switch step {
            case .dial(let wait): guard await sleep(wait) else { return .done }
            case .update(let version, let wait): return .updates(to: version, after: wait)
            case .leave: return .leaves
            }
        }
        return .done
    }

    private func use(
        _ handshake: Handshake, _ endpoint: Endpoint, _ memory: Conversation.Memory
    ) async -> SocketEnd {
        switch await Dial.dial(handshake, host: destination.host, port: destination.port) {
        case .unreachable: return .unreachable
        case .refused(let status): return .refused(status: status)
        case .open(let socket):
            return await Conversation(socket: socket, role: role, agents: endpoint.agents, memory: memory).run()
        }
    }

    /// Returns false where the task was cancelled.
    private func sleep(_ time: Duration) async -> Bool {
        (try? await Task.sleep(for: time)) != nil
    }
}
