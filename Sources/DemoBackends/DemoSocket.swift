import NIOCore
import NIOWebSocket

/// One open socket: frames to messages, messages to the agent one after the other, its steps to frames. Control
/// frames are answered at once, whatever the agent does.
final class DemoSocket: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// The largest message, in bytes; a larger one is closed with 1009.
    static let maxMessage = 16 << 20
    private static let pingEvery = TimeAmount.seconds(20)
    /// How long a peer whose frames cannot be read any more may take to see the close frame. Cut at once, it would see
    /// a reset instead.
    private static let patience = TimeAmount.seconds(1)
    private static let heartbeatEvery = TimeAmount.seconds(30)

    private enum Message {
        case text(String)
        case binary
    }

    /// Waiting for a message, at work on one, or never again.
    private enum State { case idle, working, dead, closing }

    private let agent: any Agent
    private let visitor: Visitor
    private var state = State.idle
    private var waiting = CircularBuffer<Message>()
    private var steps = CircularBuffer<Step>()
    private var partial: (isText: Bool, bytes: ByteBuffer)?
    private var pongMissing = false
    private var timers: [RepeatedTask] = []

    init(agent: any Agent, visitor: Visitor) {
        self.agent = agent
        self.visitor = visitor
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = context.loopBound
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        timers = [
            context.eventLoop.scheduleRepeatedTask(initialDelay: Self.pingEvery, delay: Self.pingEvery) { _ in
                handler.value.ping(bound.value)
            },
            context.eventLoop.scheduleRepeatedTask(initialDelay: Self.heartbeatEvery, delay: Self.heartbeatEvery) { _ in
                handler.value.heartbeat(bound.value)
            },
        ]
        // The greeting goes out behind the 101, as a server does that accepts first and checks after.
        perform(agent.greeting(visitor), context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func end() {
        state = .closing
        for timer in timers { timer.cancel() }
        timers = []
        agent.left(visitor)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        guard state != .closing || frame.opcode == .connectionClose else { return }
        var bytes = frame.unmaskedData
        switch frame.opcode {
        case .text, .binary:
            frame.fin
                ? received(isText: frame.opcode == .text, bytes, context) : (partial = (frame.opcode == .text, bytes))
        case .continuation: continued(&bytes, fin: frame.fin, context)
        case .ping: write(.pong, bytes, context)
        case .pong: pongMissing = false
        case .connectionClose: closeReceived(bytes, context)
        default: close(.protocolError, "", context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Whatever comes behind a broken frame is an error too, and read away.
        guard state != .closing else { return }
        switch error as? NIOWebSocketError {
        case .invalidFrameLength: close(.messageTooLarge, "", context, within: Self.patience)
        case .some: close(.protocolError, "", context, within: Self.patience)
        case nil: context.close(promise: nil)
        }
    }

    private func continued(_ bytes: inout ByteBuffer, fin: Bool, _ context: ChannelHandlerContext) {
        guard var message = partial else { return close(.protocolError, "", context) }
        partial = nil
        guard message.bytes.readableBytes + bytes.readableBytes <= Self.maxMessage else {
            return close(.messageTooLarge, "", context)
        }
        message.bytes.writeBuffer(&bytes)
        if fin { received(isText: message.isText, message.bytes, context) } else { partial = message }
    }

    private func received(isText: Bool, _ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        waiting.append(isText ? .text(String(buffer: bytes)) : .binary)
        takeNext(context)
    }

    /// One message at a time: the next one waits until this one's steps are done.
    private func takeNext(_ context: ChannelHandlerContext) {
        while state == .idle, let message = waiting.popFirst() {
            switch message {
            case .text(let text): perform(agent.answer(text, visitor), context)
            case .binary: perform(agent.answerBinary(visitor), context)
            }
        }
        if state == .dead { waiting.removeAll() }
    }

    private func perform(_ new: [Step], _ context: ChannelHandlerContext) {
        steps.append(contentsOf: new)
        goOn(context)
    }

    private func goOn(_ context: ChannelHandlerContext) {
        while state == .idle, let step = steps.popFirst() {
            switch step {
            case .send(let text): write(.text, context.channel.allocator.buffer(string: text), context)
            case .sendBinary(let bytes): write(.binary, context.channel.allocator.buffer(bytes: bytes), context)
            case .die: state = .dead
            case .close(let code, let reason): close(WebSocketErrorCode(codeNumber: Int(code)), reason, context)
            case .wait(let milliseconds):
                state = .working
                let bound = context.loopBound
                let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
                context.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
                    handler.value.resume(bound.value)
                }
            }
        }
    }

    private func resume(_ context: ChannelHandlerContext) {
        guard state == .working else { return }
        state = .idle
        goOn(context)
        takeNext(context)
    }

    private func ping(_ context: ChannelHandlerContext) {
        // No pong since the last one: the field's servers give the socket up.
        if pongMissing { return context.close(promise: nil) }
        pongMissing = true
        write(.ping, context.channel.allocator.buffer(bytes: [1, 2, 3, 4]), context)
    }

    private func heartbeat(_ context: ChannelHandlerContext) {
        guard state != .closing, let text = agent.heartbeat(visitor) else { return }
        write(.text, context.channel.allocator.buffer(string: text), context)
    }

    private func write(_ opcode: WebSocketOpcode, _ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, data: bytes)), promise: nil)
    }

    private func close(
        _ code: WebSocketErrorCode, _ reason: String, _ context: ChannelHandlerContext,
        within time: TimeAmount = .seconds(10)
    ) {
        guard state != .closing else { return }
        state = .closing
        var data = context.channel.allocator.buffer(capacity: 2 + reason.utf8.count)
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        write(.connectionClose, data, context)
        // The peer's close ends the socket; a peer that never sends it does not keep it.
        let bound = context.loopBound
        context.eventLoop.scheduleTask(in: time) { bound.value.close(promise: nil) }
    }

    private func closeReceived(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        let bound = context.loopBound
        guard state != .closing else { return context.close(promise: nil) }
        state = .closing
        let frame = WebSocketFrame(fin: true, opcode: .connectionClose, data: bytes)
        context.writeAndFlush(wrapOutboundOut(frame)).whenComplete { _ in bound.value.close(promise: nil) }
    }
}
