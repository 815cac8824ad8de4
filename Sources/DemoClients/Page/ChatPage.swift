import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The chat page of the demo on a listener of its own, on loopback only: a person talks through the proxy by hand.
///
/// The page is static. What it has to know of the proxy it reads from `/settings.json`; its Content-Security-Policy
/// lets it connect to that proxy and to nothing else.
package final class ChatPage: Sendable {
    /// Port that is asked for where nobody says another.
    package static let usualPort = 7300

    private let listener: any Channel
    private let site: Site

    private init(listener: any Channel, site: Site) {
        self.listener = listener
        self.site = site
    }

    /// Listens on 127.0.0.1. Until `show` is called the page says 503.
    ///
    /// - Parameter port: 0 takes a free one.
    /// - Throws: NIO's `IOError` where the port is in use.
    package static func listen(port: Int) async throws -> ChatPage {
        let site = Site()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try configure(channel, site) }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return ChatPage(listener: listener, site: site)
    }

    package var port: Int { listener.localAddress?.port ?? 0 }

    package var url: String { "http://127.0.0.1:\(port)/" }

    /// What browsers send as `Origin` (RFC 6454) for this page, by either of its names. The proxy must admit them: a
    /// page of the same host on another port is of another origin.
    package var origins: [String] { ["http://127.0.0.1:\(port)", "http://localhost:\(port)"] }

    /// The page talks to this proxy from now on.
    ///
    /// - Parameter dashboard: where the admin listener is, as a URL; nil where there is none.
    package func show(_ destination: Destination, dashboard: String?) {
        site.show(destination, dashboard: dashboard)
    }

    /// Answers nobody any more. Harmless when done before.
    package func close() async { try? await listener.close() }

    private static func configure(_ channel: any Channel, _ site: Site) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
        // A page that says nothing holds no connection.
        try pipeline.addHandler(IdleStateHandler(allTimeout: .seconds(10)))
        try pipeline.addHandler(PageHandler(site: site))
    }
}

/// What is served, by path.
final class Site: Sendable {
    private struct State {
        var files = PageFile.all
        /// The proxy's WebSocket origin, once it is known.
        var proxy: String?
    }
    private let state = Mutex(State())

    func show(_ destination: Destination, dashboard: String?) {
        let settings = PageFile(json: ChatSettings(destination, dashboard: dashboard).text)
        state.withLock { state in
            state.files["/settings.json"] = settings
            state.proxy = "ws://\(destination.authority)"
        }
    }

    func file(at path: String) -> PageFile? { state.withLock { $0.files[path] } }

    var isReady: Bool { state.withLock { $0.proxy != nil } }

    /// Scripts and styles of this listener alone, none in the page itself; sockets to the proxy alone; in no frame.
    var securityPolicy: String {
        let proxy = state.withLock { $0.proxy.map { " " + $0 } ?? "" }
        return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'\(proxy); "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }
}
