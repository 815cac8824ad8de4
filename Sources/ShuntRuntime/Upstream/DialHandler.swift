import NIOCore
import NIOHTTP1
import ShuntCore

/// The opening handshake of an upstream connection: writes the request, checks the answer, makes room for the leg.
final class DialHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum State {
        /// The answer's head is awaited. Becomes `accepted`, `refused` or `over`.
        case waiting
        /// It is a good 101; its end, and with it the border to the first frame, is awaited. Becomes `over`.
        case accepted(UpstreamReply)
        /// It is none, and a client is to hear it in full: its body is awaited. Becomes `over`.
        case refused(UpstreamReply)
        case over
    }

    private let dial: Dial
    private let key: String
    private let encoder: HTTPRequestEncoder
    private let decoder: ByteToMessageHandler<HTTPResponseDecoder>
    private var state = State.waiting

    private init(
        dial: Dial, key: String, encoder: HTTPRequestEncoder, decoder: ByteToMessageHandler<HTTPResponseDecoder>
    ) {
        self.dial = dial
        self.key = key
        self.encoder = encoder
        self.decoder = decoder
    }

    static func install(in channel: any Channel, dial: Dial, key: String) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16 << 10
        limits.maxHeaderFieldCount = 100
        limits.maxHeaderListSize = 64 << 10
        let encoder = HTTPRequestEncoder()
        let decoder = ByteToMessageHandler(
            HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits),
            maximumBufferSize: 128 << 10)
        let handler = DialHandler(dial: dial, key: key, encoder: encoder, decoder: decoder)
        try channel.pipeline.syncOperations.addHandlers([encoder, decoder, handler])
    }

    func channelActive(context: ChannelHandlerContext) {
        let request = dial.order.request
        var headers = HTTPHeaders(request.headers.map { ($0.name, $0.value) })
        headers.add(name: "Upgrade", value: "websocket")
        headers.add(name: "Connection", value: "Upgrade")
        headers.add(name: "Sec-WebSocket-Version", value: "13")
        headers.add(name: "Sec-WebSocket-Key", value: key)
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: request.target, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .waiting):
            decide(head)
        case (.body(let part), .refused(var reply)):
            // Out of the state, so that the body grows in place.
            state = .over
            reply.body += part.readableBytesView.prefix(UpstreamReply.longestBody - reply.body.count)
            state = .refused(reply)
            if reply.body.count >= UpstreamReply.longestBody { tellRefusal() }
        case (.end, .refused):
            tellRefusal()
        case (.end, .accepted(let reply)):
            state = .over
            guard let release = dial.succeed(context.channel, reply) else { return context.close(promise: nil) }
            // The decoder hands over what came behind the answer once it is out of the way.
            let pipeline = context.pipeline.syncOperations
            pipeline.removeHandler(encoder, promise: nil)
            pipeline.removeHandler(self, promise: nil)
            pipeline.removeHandler(decoder).assumeIsolated().whenComplete { _ in release() }
        default:
            break
        }
    }

    private func decide(_ head: HTTPResponseHead) {
        let answer = UpstreamAnswer(head, acceptKey: SecWebSocket.acceptKey(for: key), offered: dial.order)
        switch answer.failure {
        case nil:
            state = .accepted(UpstreamReply(head))
        case .refused where dial.order.through != nil:
            state = .refused(UpstreamReply(head))
            dial.onTimeout = { [weak self] in self?.tellRefusal() }
        case .some(let failure):
            fail(failure)
        }
    }

    /// With as much of its body as came.
    private func tellRefusal() {
        guard case .refused(let reply) = state else { return }
        state = .over
        dial.fail(.refused(status: reply.status), reply)
    }

    func channelInactive(context: ChannelHandlerContext) {
        tellRefusal()
        fail(.connect)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        tellRefusal()
        let isProtocol = error is HTTPParserError || error is ByteToMessageDecoderError
        fail(isProtocol ? .badHandshake : .connect)
    }

    private func fail(_ failure: DialFailure) {
        if case .over = state { return }
        state = .over
        dial.fail(failure)
    }
}
