package import ShuntCore

/// What came of a `receive`.
package enum Reception: Equatable, Sendable {
    /// The body was given what came.
    case bytes
    /// There was nothing after all.
    case nothing
    /// The peer says no more; it may still listen.
    case end
    /// The connection is no more. Close the socket; it is not told of once more.
    case lost(SystemError)
}

/// Bytes in and out.
extension Reactor {
    // MARK: In

    /// Reads once, at most `largestRead` bytes, and lends them to `body`, which may do anything, close the socket included.
    package func receive(_ id: SocketID, _ body: (Span<UInt8>) -> Void) -> Reception {
        guard let socket = sockets.at(id), socket.pointee.isHeard else { return .nothing }
        if let tls = socket.pointee.tls { return receiveSecured(id, tls, body) }
        let count = unsafe kernel.receive(socket.pointee.descriptor, room)
        counts.receives += 1
        guard count > 0 else { return nothingReceived(id, count) }
        hasProgressed = true
        counts.bytesReceived += count
        unsafe body(UnsafeRawBufferPointer(rebasing: room[..<count]).bindMemory(to: UInt8.self).span)
        return .bytes
    }

    @inline(never)
    func nothingReceived(_ id: SocketID, _ count: Int) -> Reception {
        if count == 0, sockets[id]?.isBroken == false {
            hasProgressed = true
            sockets[id]?.hasEnded = true
            // Most are closed in the same turn.
            ended.append(id)
            return .end
        }
        let error = SystemError(code: CInt(truncatingIfNeeded: -count))
        if error.isTransient, sockets[id]?.isBroken == false { return .nothing }
        // What cannot be written to and says nothing more was reset: the failed send took the system's word for it.
        leave(id)
        return .lost(count == 0 || error.isTransient ? .connectionReset : error)
    }

    /// Whether the owner wants to hear what comes. What comes meanwhile waits in the system, and in the end at the peer.
    package func setReading(_ id: SocketID, _ reads: Bool) {
        guard let was = sockets[id]?.isReading, was != reads else { return }
        sockets[id]?.isReading = reads
        watchAgain(id)
        if reads, let tls = sockets[id]?.tls { list(id, tls) }
    }

    /// Whether the owner hears what comes. A listening socket may not although it wants to: the poller had no room for it.
    package func isReading(_ id: SocketID) -> Bool { sockets[id]?.isReading ?? false }

    /// Bytes of the peer's that wait in the system, encrypted where they are.
    package func unread(_ id: SocketID) -> Int {
        guard let descriptor = sockets[id]?.descriptor else { return 0 }
        return kernel.unread(descriptor) + (sockets[id]?.tls?.unread.count ?? 0)
    }

    /// What is heard of a socket's other end by the system; nil where it cannot say.
    package func transportState(of id: SocketID) -> TransportState? {
        guard let descriptor = sockets[id]?.descriptor else { return nil }
        return kernel.transportState(descriptor)
    }

    // MARK: Out

    /// Appends the bytes that `body` writes to what is sent at the end of the turn. A socket that is lost or finishes
    /// takes nothing.
    ///
    /// - Parameters:
    ///   - length: how many bytes there must be room for.
    ///   - body: gets that many bytes, and says how many of them, from the first one on, it wrote.
    /// - Returns: how many bytes were appended.
    @discardableResult
    package func append(
        to id: SocketID, atMost length: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int
    ) -> Int {
        guard let socket = sockets.at(id), socket.pointee.takesOutput else { return 0 }
        let written = unsafe socket.pointee.append(atMost: length, &pool, body)
        if !socket.pointee.isDirty { becomesDirty(id) }
        if socket.pointee.output.count > Self.large, !socket.pointee.awaitsRoom {
            if socket.pointee.output.count > Self.urgent { flush(id) } else { becomesHeavy(id) }
        }
        return written
    }

    /// Appends bytes.
    package func append(to id: SocketID, _ bytes: Span<UInt8>) {
        unsafe append(to: id, atMost: bytes.count) { room in
            unsafe bytes.withUnsafeBytes { source in unsafe room.copyMemory(from: source) }
            return bytes.count
        }
    }

    package func append(to id: SocketID, _ bytes: [UInt8]) { append(to: id, bytes.span) }

    /// Whether bytes may still be appended: not to a socket that is lost or finishes.
    package func takesOutput(_ id: SocketID) -> Bool { sockets[id]?.takesOutput ?? false }

    /// Bytes that wait for the socket because it did not take them.
    package func pending(_ id: SocketID) -> Int { sockets[id]?.pending ?? 0 }

    /// When a socket counts as congested, from its next send on.
    package func setMarks(_ id: SocketID, _ marks: WaterMarks) { sockets[id]?.marks = marks }

    /// Ends our direction when everything is sent: `.finished`. The peer's goes on.
    package func finish(_ id: SocketID) { end(id, .finish) }

    /// Closes the socket when everything is sent: `.closed`.
    package func closeWhenSent(_ id: SocketID) { end(id, .close) }

    private func end(_ id: SocketID, _ afterwards: Socket.Afterwards) {
        guard let stage = sockets[id]?.stage, stage != .lost else { return }
        sockets[id]?.afterwards = afterwards
        becomesDirty(id)
    }

    /// Sends what a socket has, once.
    func flush(_ id: SocketID) {
        guard let socket = sockets.at(id) else { return }
        socket.pointee.isDirty = false
        if socket.pointee.tls != nil { flushSecured(id) } else { flushPlain(id) }
    }

    @inline(__always)
    func flushPlain(_ id: SocketID) {
        // Nothing is inserted as long as it is used.
        guard let socket = sockets.at(id), socket.pointee.stage == .open else { return }
        let sent = socket.pointee.send(&kernel)
        if sent.count > 0 {
            counts.sends += 1
            counts.bytesSent += sent.count
            hasProgressed = true
        } else if let error = sent.error {
            return cannotSend(id, error)
        }
        if sent.isAll {
            socket.pointee.giveBack(to: &pool)
            guard socket.pointee.isAtRest else { return allSent(id) }
        } else {
            settle(id)
        }
    }

    /// Everything is sent, and something was to follow that, or waited for it.
    @inline(never)
    func allSent(_ id: SocketID) {
        settle(id)
        switch sockets[id]?.afterwards {
        case .finish where sockets[id]?.isFinished == false:
            sockets[id]?.isFinished = true
            if let descriptor = sockets[id]?.descriptor { kernel.shutdownOutput(descriptor) }
            tell(.finished(id))
        case .close:
            close(id)
            tell(.closed(id))
        default: break
        }
    }

    /// Counts what waits, and says so where a mark was passed.
    @inline(never)
    func settle(_ id: SocketID) {
        guard var held = sockets[id]?.output.count, let before = sockets[id]?.pending, let marks = sockets[id]?.marks
        else { return }
        var awaitsRoom = held > 0
        if let tls = sockets[id]?.tls, !tls.isPlain {
            // Plaintext does not wait for the system but for what is held, or for the handshake.
            awaitsRoom = !tls.held.isEmpty
            held += tls.held.count
        }
        sockets[id]?.pending = held
        pendingBytes += held - before
        sockets[id]?.awaitsRoom = awaitsRoom
        watchAgain(id)
        if held > marks.high, sockets[id]?.isCongested == false {
            sockets[id]?.isCongested = true
            tell(.congested(id))
        } else if held <= marks.low, sockets[id]?.isCongested == true {
            sockets[id]?.isCongested = false
            tell(.relieved(id))
        }
    }

    /// The peer takes nothing more. What it said before is still read: an answer may be among it.
    func cannotSend(_ id: SocketID, _ error: SystemError) {
        hasProgressed = true
        guard sockets[id]?.hasEnded == false, sockets[id]?.isReading == true || unread(id) > 0 else {
            return lose(id, error)
        }
        takesNothing(id)
    }

    /// Nothing more is sent; what is not read waits in the system until somebody wants it.
    func takesNothing(_ id: SocketID) {
        sockets[id]?.isBroken = true
        drop(id)
        // A reset is told again and again, whatever is asked for.
        if sockets[id]?.isHeard == true { watchAgain(id) } else { unwatch(id) }
    }

    /// Forgets what was to be sent.
    func drop(_ id: SocketID) {
        pendingBytes -= sockets[id]?.pending ?? 0
        sockets[id]?.pending = 0
        sockets[id]?.awaitsRoom = false
        sockets[id]?.giveBack(to: &pool)
        if let tls = sockets[id]?.tls { pool.giveBack(&tls.held) }
    }
}

extension Socket {
    /// Whether its owner is told of what comes.
    @inline(__always)
    var isHeard: Bool { stage == .open && isReading && !hasEnded }

    /// Whether bytes may still be appended.
    @inline(__always)
    var takesOutput: Bool { stage != .lost && stage != .listening && afterwards == .nothing && !isBroken }

    /// Nothing is to follow what was sent, and nothing waited for it.
    @inline(__always)
    var isAtRest: Bool { pending == 0 && !awaitsRoom && afterwards == .nothing && !isCongested }

    @inline(__always)
    mutating func append(
        atMost length: Int, _ pool: inout OutputPool, _ body: (UnsafeMutableRawBufferPointer) -> Int
    ) -> Int {
        pool.lend(to: &output)
        return unsafe output.append(atMost: length, body)
    }

    @inline(__always)
    mutating func giveBack(to pool: inout OutputPool) { pool.giveBack(&output) }

    /// Gives the kernel what there is.
    ///
    /// - Returns: how much it took, whether that was all, and what is wrong where something is.
    @inline(__always)
    mutating func send(_ kernel: inout Kernel) -> (count: Int, isAll: Bool, error: SystemError?) {
        guard !output.isEmpty else { return (0, true, nil) }
        let sent = unsafe kernel.send(descriptor, output.bytes)
        guard sent > 0 else {
            let error = SystemError(code: CInt(truncatingIfNeeded: -sent))
            return (0, false, sent == 0 || error.isTransient ? nil : error)
        }
        output.drop(first: sent)
        return (sent, output.isEmpty, nil)
    }
}
