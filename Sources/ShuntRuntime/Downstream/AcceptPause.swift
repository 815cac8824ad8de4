import Glibc
import Logging
import NIOCore
import ShuntCore

/// Lets a listening socket rest while there is no room at the door, or when the process is out of descriptors or memory:
/// neither is it closed, nor does the loop spin over the connection that waits. Whoever comes meanwhile waits in the
/// system's queue.
///
/// NIO's own `AcceptBackoffHandler` holds back the next read only; the read in progress stays registered, and the loop
/// comes back for it at once.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let rest = TimeAmount.milliseconds(250)
    private static let saidEvery = TimeAmount.seconds(5)

    private let budget: DoorBudget
    private let logger: Logger
    private var isResting = false
    private var saidAt: NIODeadline?
    private var listener: Int?
    private var context: ChannelHandlerContext?

    init(budget: DoorBudget, logger: Logger) {
        self.budget = budget
        self.logger = logger
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let (pause, eventLoop) = (NIOLoopBound(self, eventLoop: context.eventLoop), context.eventLoop)
        listener = budget.tell { eventLoop.execute { pause.value.settle() } }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        if let listener { budget.remove(listener: listener) }
        listener = nil
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A client that was gone before it was accepted is nobody's trouble.
        guard !isResting, Self.isShortage(error) else { return }
        isResting = true
        let now = context.eventLoop.now
        budget.lackDescriptors(now: Instant(nanoseconds: Int64(clamping: now.uptimeNanoseconds)))
        say(.error, now, "cannot accept connections", ["error": "\(error)"])
        settle()
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.rest) { [self] in
            isResting = false
            settle()
        }
    }

    private static func isShortage(_ error: any Error) -> Bool {
        guard let error = error as? IOError else { return false }
        return [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode)
    }

    /// Reads or rests, as things are now.
    private func settle() {
        guard let context else { return }
        let isFull = budget.isFull
        if isFull {
            let reason: Logger.MetadataValue = "limits.handshakes.bytes are under way"
            say(.warning, context.eventLoop.now, "accepting pauses", ["reason": reason])
        }
        try? context.channel.syncOptions?.setOption(.autoRead, value: !isFull && !isResting)
    }

    private func say(
        _ level: Logger.Level, _ now: NIODeadline, _ message: Logger.Message, _ metadata: Logger.Metadata
    ) {
        guard saidAt.map({ now - $0 >= Self.saidEvery }) ?? true else { return }
        saidAt = now
        logger.log(level: level, message, metadata: metadata)
    }
}
