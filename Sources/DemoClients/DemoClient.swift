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

    /// Returns when the client has left for good, or its task is cancelled.
    func run() async {
        // Not all in the same moment.
        guard await sleep(.seconds(Double.random(in: 0...1.5))) else { return }
        var client = self
        while let (version, wait) = await client.live() {
            guard await sleep(wait) else { return }
            client = DemoClient(role: client.role.updated(to: version), destination: destination, origin: origin)
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

    /// All sockets of this version of the client. Returns the version that its user installs, and after which time:
    /// the first socket that asks for it takes the others along.
    private func live() async -> (version: String, after: Duration)? {
        await withTaskGroup(of: (version: String, after: Duration)?.self) { group in
            for endpoint in endpoints { group.addTask { await hold(endpoint) } }
            while let update = await group.next() {
                guard let update else { continue }
                group.cancelAll()
                return update
            }
            return nil
        }
    }

    /// One socket, dialled again and again.
    private func hold(_ endpoint: Endpoint) async -> (version: String, after: Duration)? {
        let memory = Conversation.Memory(role, agents: endpoint.agents)
        let handshake = Handshake(
            of: role, path: endpoint.path, authority: destination.authority, origin: origin)
        while !Task.isCancelled {
            let end = await use(handshake, endpoint, memory)
            if Task.isCancelled { return nil }
            let step = memory.notes.withLock { $0.persistence.next(after: end, chance: Double.random(in: 0...1)) }
            switch step {
            case .dial(let wait): guard await sleep(wait) else { return nil }
            case .update(let version, let wait): return (version, wait)
            case .leave: return nil
            }
        }
        return nil
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
