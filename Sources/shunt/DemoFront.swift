import DemoClients
import Logging
import ServiceLifecycle
import ShuntCore

/// What `shunt serve` starts besides the proxy, when it is asked for a demo.
struct DemoPlan: Sendable {
    /// Whether demo clients talk through the proxy.
    let hasTraffic: Bool
    /// Of the chat page, on 127.0.0.1; 0 takes a free one.
    let chatPort: Int
}

/// The demo in front of the proxy as a service: a chat page for people, and clients that talk by themselves.
struct DemoFront: Service {
    private let plan: DemoPlan
    private let settings: ProxySettings
    private let page: ChatPage?
    private let logger: Logger
    /// Says one thing, once: where the proxy listens.
    private let listening = AsyncStream<[ListenAddress]>.makeStream()

    /// The page listens before the proxy does, which must know the page's origin by then. A port in use is no reason to
    /// do without: a free one is taken.
    ///
    /// - Parameter settings: with the table in force.
    static func open(_ plan: DemoPlan, settings: ProxySettings, logger: Logger) async -> DemoFront {
        let page: ChatPage?
        do {
            page = try await ChatPage.listen(port: plan.chatPort)
        } catch {
            logger.notice(
                "the chat page takes a free port: the usual one cannot be listened on",
                metadata: ["port": "\(plan.chatPort)", "error": "\(error)"])
            page = try? await ChatPage.listen(port: 0)
        }
        return DemoFront(plan: plan, settings: settings, page: page, logger: logger)
    }

    private init(plan: DemoPlan, settings: ProxySettings, page: ChatPage?, logger: Logger) {
        self.plan = plan
        self.settings = settings
        self.page = page
        self.logger = logger
    }

    /// What the proxy must admit, so that the page works.
    var origins: [String] { page?.origins ?? [] }

    func proxyListens(on addresses: [ListenAddress]) {
        listening.continuation.yield(addresses)
        listening.continuation.finish()
    }

    func run() async throws {
        for await addresses in listening.stream.cancelOnGracefulShutdown() { await play(addresses) }
        // A service that returns would take the proxy along.
        try? await gracefulShutdown()
        await page?.close()
    }

    private func play(_ addresses: [ListenAddress]) async {
        guard let destination = Destination(table: settings.table, listeners: addresses) else {
            logger.warning("no chat page and no demo clients: listen.clients has no TCP address")
            return
        }
        page?.show(destination, dashboard: settings.admin.address?.url)
        logger.notice(
            "open in a browser",
            metadata: ["chat": "\(page?.url ?? "-")", "dashboard": "\(settings.admin.address?.url ?? "-")"])
        guard plan.hasTraffic else { return }
        let origin: String? = settings.listen.origins == .sameHost ? "http://\(destination.authority)" : nil
        let traffic = DemoTraffic(to: destination, origin: origin)
        logger.notice("demo clients talk through the proxy", metadata: ["clients": "\(traffic.count)"])
        await cancelWhenGracefulShutdown { await traffic.run() }
    }
}

extension ListenAddress {
    /// Of a page there; nil where no browser finds it: on a Unix socket, or on a port that is not known yet.
    fileprivate var url: String? {
        guard case .tcp(let host, let port) = self, port != 0 else { return nil }
        return host.contains(":") ? "http://[\(host)]:\(port)/" : "http://\(host):\(port)/"
    }
}
