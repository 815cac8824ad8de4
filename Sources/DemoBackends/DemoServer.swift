import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization

/// One listening port: HTTP handshakes in, sockets of an agent out.
final class DemoServer: Sendable {
    private let listener: any Channel
    private let sockets: SocketList
    let port: Int

    private init(listener: any Channel, sockets: SocketList, port: Int) {
        self.listener = listener
        self.sockets = sockets
        self.port = port
    }

    static func listen(
        _ address: (host: String, port: Int), endpoints: any Endpoints, group: any EventLoopGroup
    ) async throws -> DemoServer {
        let sockets = SocketList()
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                sockets.add(channel)
                return channel.eventLoop.makeCompletedFuture { try configure(channel, endpoints: endpoints) }
            }
            .bind(host: address.host, port: address.port).get()
        return DemoServer(listener: listener, sockets: sockets, port: listener.localAddress?.port ?? address.port)
    }

    func stop() async {
        try? await listener.close()
        for socket in sockets.all { try? await socket.close() }
    }

    /// HTTP first; an accepted handshake replaces it by the socket of the agent that serves the path.
    private static func configure(_ channel: any Channel, endpoints: any Endpoints) throws {
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: DemoSocket.maxMessage,
            automaticErrorHandling: false,
            shouldUpgrade: { channel, head in
                let known = endpoints.agent(at: RequestTarget(head.uri).path) != nil
                return channel.eventLoop.makeSucceededFuture(known ? HTTPHeaders() : nil)
            },
            upgradePipelineHandler: { channel, head in
                let target = RequestTarget(head.uri)
                return channel.eventLoop.makeCompletedFuture {
                    guard let agent = endpoints.agent(at: target.path) else { return }
                    let visitor = Visitor(target: target, headers: head.headers.map { ($0.name, $0.value) })
                    try channel.pipeline.syncOperations.addHandler(DemoSocket(agent: agent, visitor: visitor))
                }
                .flatMap { channel.pipeline.removeHandler(name: RefusalHandler.name) }
            })
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
        try channel.pipeline.syncOperations.addHandler(RefusalHandler(), name: RefusalHandler.name)
    }
}

/// The open sockets of a server, so that a stop can cut them.
final class SocketList: Sendable {
    private let open = Mutex<[ObjectIdentifier: any Channel]>([:])

    var all: [any Channel] { open.withLock { Array($0.values) } }

    func add(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        open.withLock { $0[id] = channel }
        channel.closeFuture.whenComplete { [self] _ in
            _ = open.withLock { $0.removeValue(forKey: id) }
        }
    }
}

/// What answers requests that became no socket: health checks, and 403 for handshakes on unknown paths, as the
/// field's servers say it.
private final class RefusalHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    static let name = "refusals"

    private var head: HTTPRequestHead?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end: answer(context)
        }
    }

    /// A refused upgrade comes here before its request does; anything else ends the connection.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !(error is NIOWebSocketUpgradeError) { context.close(promise: nil) }
    }

    private func answer(_ context: ChannelHandlerContext) {
        guard let head else { return }
        let isHandshake = head.headers.contains(name: "upgrade")
        let isHealth = ["/health", "/api/health"].contains(RequestTarget(head.uri).path)
        let status: HTTPResponseStatus = isHealth ? .ok : isHandshake ? .forbidden : .notFound
        let body = context.channel.allocator.buffer(string: isHealth ? #"{"status":"healthy"}"# : "")
        let headers: HTTPHeaders = [
            "content-type": "application/json", "content-length": "\(body.readableBytes)", "connection": "close",
        ]
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let context = context.loopBound
        context.value.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            context.value.close(promise: nil)
        }
    }
}
