import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

typealias ClientSocket = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

/// Opens sockets at the proxy.
enum Dial {
    enum Outcome: Sendable {
        case open(ClientSocket)
        case refused(status: Int)
        case unreachable
    }

    /// Longer than any handshake of the demo takes.
    private static let patience = TimeAmount.seconds(10)
    /// The largest message that a demo client takes, in bytes.
    private static let largest = 1 << 20

    private enum Answer: Sendable {
        case open(ClientSocket)
        case refused(NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>)
    }

    static func dial(_ handshake: Handshake, host: String, port: Int) async -> Outcome {
        do {
            let answer = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(patience)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture { try negotiate(handshake, on: channel) }
                }
                .get()
            switch answer {
            case .open(let socket): return .open(socket)
            case .refused(let response): return try await .refused(status: status(of: response))
            }
        } catch {
            return .unreachable
        }
    }

    private static func negotiate(
        _ handshake: Handshake, on channel: any Channel
    ) throws -> EventLoopFuture<Answer> {
        let upgrader = NIOTypedWebSocketClientUpgrader<Answer>(maxFrameSize: largest) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1024, maxAccumulatedFrameSize: largest))
                return try .open(ClientSocket(wrappingChannelSynchronously: channel))
            }
        }
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: handshake.target)
        head.headers = handshake.headers
        let upgrade = NIOTypedHTTPClientUpgradeConfiguration<Answer>(
            upgradeRequestHead: head, upgraders: [upgrader],
            notUpgradingCompletionHandler: { channel in
                channel.eventLoop.makeCompletedFuture {
                    try .refused(NIOAsyncChannel(wrappingChannelSynchronously: channel))
                }
            })
        var pipeline = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: upgrade)
        // What the proxy says right behind its 101 belongs to the socket.
        pipeline.leftOverBytesStrategy = .forwardBytes
        let answer = try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(configuration: pipeline)
        let timeout = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        answer.whenComplete { _ in timeout.cancel() }
        return answer
    }

    /// The status of a response that is no 101.
    private static func status(
        of response: NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
    ) async throws -> Int {
        try await response.executeThenClose { parts, _ in
            for try await part in parts {
                if case .head(let head) = part { return Int(head.status.code) }
            }
            throw ChannelError.eof
        }
    }
}
