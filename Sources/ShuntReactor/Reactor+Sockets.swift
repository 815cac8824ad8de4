import Glibc
import ShuntCore

/// Sockets come and go.
extension Reactor {
    // MARK: Come

    /// Watches a listening socket, which may be watched by other reactors too: of them one is told of a connection.
    ///
    /// - Parameter descriptor: the reactor's own from now on, and closed with the socket.
    package func listen(on descriptor: CInt) throws(SystemError) -> SocketID {
        try insert(Socket(descriptor: descriptor, stage: .listening))
    }

    /// The next connection that waits at a listening socket; nil where none waits.
    ///
    /// - Throws: where the process is short of descriptors or memory. The connection waits on: stop reading the listening
    ///   socket for a while, or the loop spins.
    package func accept(_ listener: SocketID) throws(SystemError) -> (id: SocketID, peer: SocketAddress)? {
        guard let (descriptor, peer) = try acceptDescriptor(listener) else { return nil }
        return (try insert(Socket(descriptor: descriptor, stage: .open)), peer)
    }

    /// The next connection that waits at a listening socket, for another reactor; as `accept` otherwise.
    package func acceptForAnother(
        _ listener: SocketID
    ) throws(SystemError) -> (socket: DetachedSocket, peer: SocketAddress)? {
        guard let (descriptor, peer) = try acceptDescriptor(listener) else { return nil }
        return (DetachedSocket(Socket(descriptor: descriptor, stage: .open), of: kernel.standIn), peer)
    }

    private func acceptDescriptor(
        _ listener: SocketID
    ) throws(SystemError) -> (descriptor: CInt, peer: SocketAddress)? {
        while let descriptor = sockets[listener]?.descriptor, sockets[listener]?.isReading == true {
            do throws(SystemError) {
                let accepted = try kernel.accept(descriptor)
                hasProgressed = true
                return accepted
            } catch {
                if error.code == EAGAIN || error.code == EWOULDBLOCK { return nil }
                // Of a connection that was gone before it was accepted the system says whatever it heard of it.
                guard error.isShortage else { continue }
                throw error
            }
        }
        return nil
    }

    /// Begins a connection: `.connected` or `.lost` says what came of it. What is appended meanwhile is sent first.
    ///
    /// - Parameter source: the local address to dial from; nil where the system chooses.
    /// - Throws: where it cannot even begin.
    package func connect(
        to address: SocketAddress, from source: SocketAddress? = nil
    ) throws(SystemError) -> SocketID {
        try insert(Socket(descriptor: try kernel.connect(to: address, from: source), stage: .connecting))
    }

    private func insert(_ socket: consuming Socket) throws(SystemError) -> SocketID {
        let id = sockets.insert(socket)
        count(id, by: 1)
        do throws(SystemError) {
            try watch(id)
        } catch {
            close(id)
            throw error
        }
        return id
    }

    /// A connection that was on its way has arrived, or has not.
    func connected(_ id: SocketID) -> ReactorEvent? {
        guard let descriptor = sockets[id]?.descriptor else { return nil }
        hasProgressed = true
        let code = kernel.connectError(descriptor)
        guard code == 0 else {
            lose(id, SystemError(code: code))
            return nil
        }
        sockets[id]?.stage = .open
        if let tls = sockets[id]?.tls {
            beginHandshake(id, tls)
            return .connected(id)
        }
        watchAgain(id)
        // What was appended or asked for meanwhile.
        becomesDirty(id)
        return .connected(id)
    }

    // MARK: Go

    /// Closes the socket now. What was not sent is dropped; a peer that is owed an answer is to be `finish`ed and read to
    /// its end first, or a reset may overtake it. The id is of the past from here on.
    package func close(_ id: SocketID) {
        guard sockets.contains(id) else { return }
        if sockets[id]?.tls != nil { sayGoodbye(id) }
        // A descriptor that is closed is watched no more, but for one that others have too.
        if sockets[id]?.stage == .listening { unwatch(id) }
        hasProgressed = true
        drop(id)
        count(id, by: -1)
        guard let socket = sockets.remove(id) else { return }
        kernel.close(socket.descriptor)
    }

    /// The connection is no more: tells the owner.
    func lose(_ id: SocketID, _ error: SystemError) {
        guard let stage = sockets[id]?.stage, stage != .lost else { return }
        leave(id)
        tell(.lost(id, error.code == 0 ? .connectionReset : error))
    }

    /// Has nothing more to do with the connection but to wait for its owner to close it.
    func leave(_ id: SocketID) {
        hasProgressed = true
        unwatch(id)
        drop(id)
        sockets[id]?.stage = .lost
    }

    // MARK: Move

    /// Takes a connection out, with what was not sent, for another reactor. The id is of the past from here on.
    ///
    /// - Returns: nil where there is no such connection, or it is lost or listens.
    package func detach(_ id: SocketID) -> DetachedSocket? {
        guard let stage = sockets[id]?.stage, stage != .lost, stage != .listening else { return nil }
        unwatch(id)
        pendingBytes -= sockets[id]?.pending ?? 0
        sockets[id]?.pending = 0
        count(id, by: -1)
        guard let socket = sockets.remove(id) else { return nil }
        return DetachedSocket(socket, of: kernel.standIn)
    }

    /// Takes a connection in that another reactor had.
    ///
    /// - Throws: where it was taken before, or the poller cannot have it; then it is closed.
    package func attach(_ detached: DetachedSocket) throws(SystemError) -> SocketID {
        guard var socket = detached.take() else { throw SystemError(code: EBADF) }
        socket.settleIn()
        let tls = socket.tls
        let id = try insert(socket)
        becomesDirty(id)
        if let tls { list(id, tls) }
        return id
    }
}

extension Socket {
    /// Forgets what the reactor that it comes from knew of it.
    fileprivate mutating func settleIn() {
        isDirty = false
        isWatched = false
        interest = []
        awaitsRoom = false
        isCongested = false
        deadline = .distantFuture
        armed = .distantFuture
        tls?.isListed = false
    }
}

extension SystemError {
    static var connectionReset: SystemError { SystemError(code: ECONNRESET) }
}
