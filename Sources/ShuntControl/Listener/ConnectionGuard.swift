import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOSSL

/// Stands before Hummingbird on every connection: answers what cannot be read at all, and gives up on clients that are
/// slow to ask or slow to take.
///
/// State: serving, with `unanswered` requests, of which the last may still be arriving (`isArriving`); then refusing,
/// which is the end: nothing is read any more, one problem is written, the connection closes.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limits: AdminLimits
    private var unanswered = 0
    private var isArriving = false
    private var isResponding = false
    private var isRefusing = false
    private var deadline: Scheduled<Void>?
    private var stall: Scheduled<Void>?

    init(_ limits: AdminLimits) { self.limits = limits }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefusing else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            if let problem = Self.problem(with: head) { return refuse(problem, context) }
            unanswered += 1
            isArriving = true
            deadline = schedule(limits.request, context) { $0.tooSlow($1) }
        case .body:
            break
        case .end:
            isArriving = false
            deadline?.cancel()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isRefusing else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head: isResponding = true
        case .body: break
        case .end:
            isResponding = false
            unanswered = max(0, unanswered - 1)
        }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error as? HTTPParserError {
        case .headerOverflow?: refuse(Problem(.headersTooLarge, "the request's header is too large"), context)
        case .closedConnection?, .invalidEOFState?: context.close(promise: nil)
        case .some: refuse(Problem(.badRequest, "the request is not well-formed HTTP/1.1"), context)
        case nil where error is ChannelError || error is IOError: context.close(promise: nil)
        // Who speaks no TLS, or ends it in a hurry, understands no answer.
        case nil where error is NIOSSLError || error is BoringSSLError: context.close(promise: nil)
        case nil: refuse(Problem(.badRequest, "the request cannot be read"), context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            stall?.cancel()
            stall = nil
        } else if stall == nil {
            stall = schedule(limits.stall, context) { $1.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelTimers()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancelTimers() }

    /// What makes a head unfit to be handed on. Only the plain form of a target is known behind this point.
    private static func problem(with head: HTTPRequest) -> Problem? {
        let path = Array((head.path ?? "").utf8)
        guard path.first == UInt8(ascii: "/"), path.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return Problem(.badRequest, "the request's target must be a path, percent-encoded")
        }
        if HTTPField.Name("Host").map({ head.headerFields.contains($0) }) ?? false {
            return Problem(.badRequest, "the request names two hosts")
        }
        return nil
    }

    private func tooSlow(_ context: ChannelHandlerContext) {
        guard isArriving else { return }
        refuse(Problem(.requestTimeout, "the request did not arrive in time"), context)
    }

    /// Answers in the place of Hummingbird, where that has not begun to, and closes.
    private func refuse(_ problem: Problem, _ context: ChannelHandlerContext) {
        guard !isRefusing else { return }
        isRefusing = true
        cancelTimers()
        guard !isResponding, unanswered <= (isArriving ? 1 : 0) else { return context.close(promise: nil) }
        let answer = Answer.problem(problem)
        let response = AdminResponse.make(answer, isHead: false)
        var head = response.head
        head.headerFields[.connection] = "close"
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if case .bytes(let bytes) = answer.body {
            context.write(wrapOutboundOut(.body(ByteBuffer(bytes: bytes))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // Closed at once, with bytes of the client unread, the answer would be lost on the way.
        context.close(mode: .output, promise: nil)
        deadline = schedule(.milliseconds(500), context) { $1.close(promise: nil) }
    }

    private func cancelTimers() {
        deadline?.cancel()
        stall?.cancel()
    }

    private func schedule(
        _ time: TimeAmount, _ context: ChannelHandlerContext,
        _ act: @escaping (ConnectionGuard, ChannelHandlerContext) -> Void
    ) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: time) { act(self, context) }
    }
}
