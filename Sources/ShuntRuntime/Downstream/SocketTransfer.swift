import Glibc
import NIOCore
import NIOPosix

/// How a client's connection is taken from one event loop to another. A value, so that tests can move connections of
/// another kind.
struct SocketTransfer: Sendable {
    /// A connection between two loops: it must `arrive`, once.
    struct Passage: Sendable {
        /// Makes a channel of the connection; to be called on its new loop. Where it fails the connection is ended.
        let arrive: @Sendable (any EventLoop) -> EventLoopFuture<any Channel>
    }

    enum Departure {
        /// The connection stays as it is when the old channel is closed.
        case ready(Passage)
        /// The process has no descriptor left.
        case failed
        /// The channel is no socket.
        case notPossible
    }

    let depart: @Sendable (any Channel) -> Departure

    /// Duplicates the descriptor.
    static let descriptor = SocketTransfer { channel in
        let copy = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            fcntl($0, F_DUPFD_CLOEXEC, 0)
        }
        guard let copy else { return .notPossible }
        guard copy >= 0 else { return .failed }
        // NIO owns the descriptor from here on, and closes it where this fails.
        return .ready(
            Passage {
                ClientBootstrap(group: $0).channelOption(.recvAllocator, value: ReadSize()).withConnectedSocket(copy)
            })
    }
}
