import Glibc
import NIOCore

/// A handler's way straight to its socket, for what is done for every message. A frame that the socket takes at once has
/// no use for NIO's list of pending writes, which costs more than all else that is done for a message; whatever the
/// socket does not take goes that way.
///
/// NIO lends the descriptor for the length of a call only, and refuses where the socket is closed already: it is never
/// kept, because the number of a closed one may be another session's by now.
struct DirectSocket {
    private let core: any NIOTransportAccessibleChannelCore<NIOBSDSocket.Handle>

    /// nil where there is no way: the channel is no active socket, or bytes wait in it that must go first.
    init?(_ channel: any Channel) {
        guard channel.isActive, let waiting = try? channel.syncOptions?.getOption(.bufferedWritableBytes), waiting == 0,
            let core = channel._channelCore as? any NIOTransportAccessibleChannelCore<NIOBSDSocket.Handle>
        else { return nil }
        self.core = core
    }

    /// Asks for the next read, as NIO does by itself after each: by a longer way, through the pipeline. Whoever has asked
    /// is not asked for. Does nothing where the socket is closed.
    @inline(__always)
    func readOn() { core.read0() }

    /// Writes what the socket takes now.
    ///
    /// - Returns: how many bytes that were. 0 on any error: NIO will meet the same one, and knows what to do.
    @inline(__always)
    func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        // Never SIGPIPE, and never a wait: the sockets of NIO do not block.
        let sent = try? core.withUnsafeTransport { handle in
            send(handle, bytes.baseAddress, bytes.count, Int32(truncatingIfNeeded: MSG_NOSIGNAL))
        }
        return max(0, sent ?? 0)
    }
}
