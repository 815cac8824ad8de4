import NIOCore
import NIOHTTP1

/// Answers a browser: one request, one file, and the connection ends.
final class PageHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let site: Site
    private var head: HTTPRequestHead?

    init(site: Site) { self.site = site }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            answer(head, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let path = head.uri.split(separator: "?", omittingEmptySubsequences: false).first.map(String.init) ?? ""
        var extra: HTTPHeaders = [:]
        let file = site.file(at: path)
        let status: HTTPResponseStatus
        if head.method != .GET && head.method != .HEAD {
            status = .methodNotAllowed
            extra = ["allow": "GET, HEAD"]
        } else if !site.isReady {
            status = .serviceUnavailable
            extra = ["retry-after": "1"]
        } else {
            status = file == nil ? .notFound : .ok
        }
        let isFile = status == .ok
        let bytes = isFile ? file?.bytes ?? [] : Array("\(status.code) \(status.reasonPhrase)\n".utf8)
        var headers: HTTPHeaders = [
            "content-type": isFile ? file?.type ?? "" : "text/plain; charset=utf-8",
            "content-length": "\(bytes.count)",
            "content-security-policy": site.securityPolicy,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-resource-policy": "same-origin",
            "cache-control": "no-store",
            "connection": "close",
        ]
        headers.add(contentsOf: extra)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if head.method != .HEAD {
            context.write(
                wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: bytes)))), promise: nil)
        }
        let bound = context.loopBound
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in bound.value.close(promise: nil) }
    }
}
