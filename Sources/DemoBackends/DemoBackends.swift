import NIOPosix

/// The agents that the demo proxies to, as the field has them: the legacy agents (guide and four liaisons, each with
/// its own socket) on one port, the unified agent on another. They answer, fail, stall and die the way the real ones
/// do, and a message that begins with `/` provokes it (`DemoCommand`). They share no code with the proxy on purpose: a
/// mistake in its frames or its JSON cannot hide behind the same mistake here.
package actor DemoBackends {
    private let legacy: (host: String, port: Int)
    private let unified: (host: String, port: Int)
    private let options: DemoOptions
    private var servers: [DemoServer] = []

    /// Port 0 takes a free one; `start` says which.
    package init(
        legacy: (host: String, port: Int), unified: (host: String, port: Int), options: DemoOptions = DemoOptions()
    ) {
        self.legacy = legacy
        self.unified = unified
        self.options = options
    }

    /// Listens on both addresses. An address in use is thrown as NIO's `IOError`, and neither server is left behind.
    package func start() async throws -> DemoAddresses {
        let group = MultiThreadedEventLoopGroup.singleton
        let history = History()
        let legacyAgents = LegacyEndpoints(history: history, generation: options.legacy)
        let unifiedAgent = UnifiedEndpoints(
            limits: UnifiedLimits(), origins: options.origins, greets: options.unifiedGreets)
        do {
            let first = try await DemoServer.listen(legacy, endpoints: legacyAgents, group: group)
            servers.append(first)
            let second = try await DemoServer.listen(unified, endpoints: unifiedAgent, group: group)
            servers.append(second)
            return DemoAddresses(
                legacy: (legacy.host, first.port), unified: (unified.host, second.port))
        } catch {
            await stop()
            throw error
        }
    }

    /// Stops listening and cuts all sockets. Harmless when nothing runs.
    package func stop() async {
        let running = servers
        servers = []
        for server in running { await server.stop() }
    }
}

/// Where the demo's servers really listen.
package struct DemoAddresses: Sendable {
    package let legacy: (host: String, port: Int)
    package let unified: (host: String, port: Int)
}

/// Which of the versions in the field the demo plays.
package struct DemoOptions: Sendable {
    /// The legacy liaisons: today's, or the older ones that greet with `welcome` and answer `agent_response`.
    package enum LegacyGeneration: Sendable { case current, older }

    package var legacy = LegacyGeneration.current
    /// Whether the unified agent greets with `system` and sends heartbeats every 30 s, as the newer version does.
    package var unifiedGreets = true
    /// Origins that the unified agent admits (others are closed with 4003); nil admits all.
    package var origins: [String]?

    package init() {}
}
