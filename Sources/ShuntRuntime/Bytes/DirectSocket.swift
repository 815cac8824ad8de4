import Glibc
import NIOCore

/// A handler's way straight to its socket, for what is done for every message. A frame that the socket takes at once has
/// no use for NIO's list of pending writes, which costs more than all else that is done for a message; whatever the
/// socket does not take goes that way.
///
/// NIO lends the descriptor for the length of a call only, and refuses where the socket is closed already: it is never
/// kept, because the number of a closed one may be another session's by now.
///
/// Whoever has it asks for its `way` and uses that: what is a field of an object is counted for the length of a call on
/// it, twice for each message and socket.
struct DirectSocket: ~Copyable {
    /// The channel's core in an object of ours: what is constant in an object is as sure to be there as the object, so
    /// nothing is counted where it is asked for something.
    fileprivate final class Core {
        let core: any NIOTransportAccessibleChannelCore<NIOBSDSocket.Handle>

        init(_ core: any NIOTransportAccessibleChannelCore<NIOBSDSocket.Handle>) { self.core = core }
    }

    /// For one call, to be asked for with each. A call that finds the socket broken may make the owner let go of its
    /// `DirectSocket` while it is under way; nothing of that is used any more by then, and the channel stays until its
    /// pipeline is taken apart, which NIO does in a later turn.
    struct Way {
        fileprivate let core: Unmanaged<Core>
    }

    let way: Way

    /// nil where there is no way: the channel is no active socket, or bytes wait in it that must go first.
    init?(_ channel: any Channel) {
        guard channel.isActive, let waiting = try? channel.syncOptions?.getOption(.bufferedWritableBytes), waiting == 0,
            let core = channel._channelCore as? any NIOTransportAccessibleChannelCore<NIOBSDSocket.Handle>
        else { return nil }
        way = Way(core: Unmanaged.passRetained(Core(core)))
    }

    deinit { way.core.release() }
}

extension DirectSocket.Way {
    /// Asks for the next read, as NIO does by itself after each: by a longer way, through the pipeline. Whoever has asked
    /// is not asked for. Does nothing where the socket is closed.
    @inline(__always)
    func readOn() { core._withUnsafeGuaranteedRef { $0.core.read0() } }

    /// Writes what the socket takes now.
    ///
    /// - Returns: how many bytes that were. 0 on any error: NIO will meet the same one, and knows what to do.
    @inline(__always)
    func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        // Never SIGPIPE, and never a wait: the sockets of NIO do not block.
        let sent = core._withUnsafeGuaranteedRef {
            try? $0.core.withUnsafeTransport { handle in
                send(handle, bytes.baseAddress, bytes.count, Int32(truncatingIfNeeded: MSG_NOSIGNAL))
            }
        }
        return max(0, sent ?? 0)
    }
}
