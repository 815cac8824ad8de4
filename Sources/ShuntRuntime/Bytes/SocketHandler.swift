import NIOCore
import ShuntCore

/// What a leg and an end of a byte pipe have in common: the last handler of a socket after its handshake, on its worker.
protocol SocketHandler: AnyObject {
    var worker: Worker { get }
    var hold: SocketHold { get set }
}

/// What such a handler holds of its socket.
struct SocketHold {
    var context: ChannelHandlerContext?
    /// The socket is read as it comes. Where it is, the handler asks for the next read itself, before it works on this
    /// one: NIO would do so after it, by a longer way.
    fileprivate(set) var isReading = true
    /// Bytes that NIO holds because the socket did not take them, as the worker counts them.
    fileprivate(set) var pending = 0
    /// Whether the worker's list of what to flush has it.
    var isDirty = false
    /// What is given back when the socket ends: counts and leases. Called once.
    fileprivate var onEnd: (() -> Void)?

    init(onEnd: @escaping () -> Void) { self.onEnd = onEnd }
}

extension SocketHandler {
    /// Reads the socket as it comes, or not at all.
    func setReading(_ reads: Bool) {
        hold.isReading = reads
        try? hold.context?.channel.syncOptions?.setOption(.autoRead, value: reads)
    }

    /// Says how many bytes NIO holds.
    func account(for bytes: Int) {
        worker.switchboard.bufferedBytes += bytes - hold.pending
        hold.pending = bytes
    }

    /// How many bytes NIO holds, by itself; none where the socket is gone.
    var bytesInNIO: Int { (try? hold.context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }

    /// Gives back what was to be given back. Idempotent.
    func giveBack() {
        let onEnd = hold.onEnd
        hold.onEnd = nil
        onEnd?()
    }
}
