import Glibc
import ShuntCore
import Synchronization

/// A connection on its way from one reactor to another. Whoever drops it closes the connection.
package final class DetachedSocket: Sendable {
    /// (Sendable: a stand-in is of tests, which run everything on one thread.)
    private struct Content: ~Copyable, @unchecked Sendable {
        var socket: Socket?
        let standIn: (any KernelStandIn)?
    }

    private let content: Mutex<Content>

    init(_ socket: consuming Socket, of standIn: (any KernelStandIn)?) {
        content = Mutex(Content(socket: socket, standIn: standIn))
    }

    func take() -> Socket? {
        content.withLock { $0.socket.take() }
    }

    deinit {
        content.withLock { content in
            guard let socket = content.socket.take() else { return }
            if let standIn = content.standIn { standIn.close(socket.descriptor) } else { close(socket.descriptor) }
        }
    }
}
