import ShuntCore

/// Bytes in and out of sockets with TLS.
extension Reactor {
    // MARK: In

    /// Reads once from the wire, and lends what came of it.
    @inline(never)
    func receiveSecured(_ id: SocketID, _ tls: SecuredSocket, _ body: (Span<UInt8>) -> Void) -> Reception {
        if tls.isPlain { return receivePlain(id, tls, body) }
        if tls.over != nil { return tellOver(id, tls) }
        let input: UnsafeRawBufferPointer
        if tls.unread.isEmpty {
            guard let descriptor = sockets[id]?.descriptor else { return .nothing }
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<TLSRooms.largestRead])
            let count = unsafe kernel.receive(descriptor, room)
            counts.receives += 1
            guard count > 0 else { return wireIsSilent(id, tls, count) }
            counts.bytesReceived += count
            unsafe input = UnsafeRawBufferPointer(rebasing: room[..<count])
        } else {
            let bytes = unsafe tls.unread.bytes
            unsafe input = UnsafeRawBufferPointer(rebasing: bytes.prefix(TLSRooms.largestRead))
        }
        hasProgressed = true
        return unsafe decrypt(input, id, tls, body)
    }

    private func decrypt(
        _ input: UnsafeRawBufferPointer, _ id: SocketID, _ tls: SecuredSocket, _ body: (Span<UInt8>) -> Void
    ) -> Reception {
        let plain = unsafe rooms.plain
        let wire = unsafe rooms.wire
        let step = unsafe tls.connection.read(input, into: plain, wire)
        if !tls.unread.isEmpty {
            tls.unread.drop(first: step.read)
            if tls.unread.isEmpty { pool.giveBack(&tls.unread) }
        }
        unsafe put(UnsafeRawBufferPointer(rebasing: wire[..<step.written]), id, tls)
        switch step.outcome {
        case .done, .wantsInput, .wantsRoom: break
        case .ended: isOver(tls, .ended)
        case .failed:
            tls.problem = tls.connection.problem
            isOver(tls, .failed)
        }
        if tls.held.count > Self.urgent {
            // What we say ourselves is held up to a few records only.
            tls.problem = TLSProblem(.failed, detail: "the peer asks again and again and reads no answer")
            isOver(tls, .failed)
        }
        guard step.plain > 0 else { return tls.over == nil ? .nothing : tellOver(id, tls) }
        list(id, tls)
        unsafe body(UnsafeRawBufferPointer(rebasing: plain[..<step.plain]).bindMemory(to: UInt8.self).span)
        return .bytes
    }

    private func isOver(_ tls: SecuredSocket, _ over: SecuredSocket.Over) {
        tls.over = over
        tls.unread.drop(first: tls.unread.count)
        pool.giveBack(&tls.unread)
    }

    private func tellOver(_ id: SocketID, _ tls: SecuredSocket) -> Reception {
        defer { tls.over = nil }
        hasProgressed = true
        guard tls.over == .failed else { return nothingReceived(id, 0) }
        leave(id)
        return .lost(.protocolBroken)
    }

    /// The peer ended the connection, or there is nothing, or something is wrong.
    private func wireIsSilent(_ id: SocketID, _ tls: SecuredSocket, _ count: Int) -> Reception {
        guard count == 0 else { return nothingReceived(id, count) }
        let isCut = tls.connection.isWithinRecord
        if isCut { tls.problem = TLSProblem(.truncated) }
        // Whoever takes nothing and says no end was reset.
        guard !isCut, sockets[id]?.isBroken == false else {
            leave(id)
            return .lost(.connectionReset)
        }
        counts.cutShort += 1
        return nothingReceived(id, 0)
    }

    /// What came before it was clear that the peer does not speak TLS. Without it the socket is as any other.
    private func receivePlain(_ id: SocketID, _ tls: SecuredSocket, _ body: (Span<UInt8>) -> Void) -> Reception {
        setTLS(id, nil)
        hasProgressed = true
        unsafe body(tls.unread.bytes.bindMemory(to: UInt8.self).span)
        return .bytes
    }

    // MARK: Out

    /// Encrypts and sends what a socket has, until the system takes no more.
    @inline(never)
    func flushSecured(_ id: SocketID) {
        guard let stage = sockets[id]?.stage, stage == .open || stage == .securing, let tls = sockets[id]?.tls else {
            return
        }
        if tls.isPlain { return flushPlain(id) }
        // Nobody hears us any more.
        if sockets[id]?.isBroken == true { return stage == .open ? allSent(id) : () }
        guard sendHeld(id, tls) else { return }
        guard stage == .open else { return settle(id) }
        while let step = unsafe nextForWire(id, tls, rooms.wire) {
            guard step.outcome != .failed, step.written > 0 else {
                return fail(id, tls, tls.connection.problem, .protocolBroken)
            }
            unsafe put(UnsafeRawBufferPointer(rebasing: rooms.wire[..<step.written]), id, tls)
            guard sockets[id]?.stage == .open, sockets[id]?.isBroken == false, tls.held.isEmpty else { return }
        }
        sockets[id]?.giveBack(to: &pool)
        if sockets[id]?.isAtRest == false { allSent(id) }
    }

    /// Encrypts what comes next; nil where there is nothing more.
    private func nextForWire(
        _ id: SocketID, _ tls: SecuredSocket, _ wire: UnsafeMutableRawBufferPointer
    ) -> TLSStep? {
        if sockets[id]?.output.isEmpty == false, let bytes = unsafe sockets[id]?.output.bytes {
            let step = unsafe tls.connection.write(bytes, wire)
            sockets[id]?.output.drop(first: step.plain)
            return step
        }
        guard let afterwards = sockets[id]?.afterwards, afterwards != .nothing, !tls.hasSaidEnd else { return nil }
        tls.hasSaidEnd = true
        return unsafe tls.connection.end(wire)
    }

    /// Sends what the system did not take before.
    ///
    /// - Returns: whether nothing of it is left.
    private func sendHeld(_ id: SocketID, _ tls: SecuredSocket) -> Bool {
        guard !tls.held.isEmpty, let descriptor = sockets[id]?.descriptor else { return true }
        let sent = unsafe kernel.send(descriptor, tls.held.bytes)
        guard sent > 0 else {
            didNotSend(id, sent)
            return false
        }
        didSend(sent)
        tls.held.drop(first: sent)
        guard tls.held.isEmpty else {
            settle(id)
            return false
        }
        pool.giveBack(&tls.held)
        return true
    }

    /// Sends bytes of the wire, after those that are held. What the system does not take is held.
    func put(_ bytes: UnsafeRawBufferPointer, _ id: SocketID, _ tls: SecuredSocket) {
        guard unsafe !bytes.isEmpty, sockets[id]?.isBroken == false, let descriptor = sockets[id]?.descriptor else {
            return
        }
        var left = unsafe bytes
        if tls.held.isEmpty {
            let sent = unsafe kernel.send(descriptor, bytes)
            if sent > 0 {
                didSend(sent)
                unsafe left = UnsafeRawBufferPointer(rebasing: bytes[sent...])
            } else if !SystemError(code: CInt(truncatingIfNeeded: -sent)).isTransient, sent < 0 {
                return didNotSend(id, sent)
            }
        }
        guard unsafe !left.isEmpty else { return }
        pool.lend(to: &tls.held)
        unsafe tls.held.append(left)
        settle(id)
    }

    private func didSend(_ count: Int) {
        counts.sends += 1
        counts.bytesSent += count
        hasProgressed = true
    }

    private func didNotSend(_ id: SocketID, _ said: Int) {
        let error = SystemError(code: CInt(truncatingIfNeeded: -said))
        if said < 0, !error.isTransient { cannotSend(id, error) } else { settle(id) }
    }

    /// Says that we say no more, where that can be said at once and is true.
    func sayGoodbye(_ id: SocketID) {
        guard let tls = sockets[id]?.tls, !tls.isPlain, !tls.hasSaidEnd, sockets[id]?.stage == .open,
            sockets[id]?.isBroken == false, tls.held.isEmpty, sockets[id]?.output.isEmpty == true,
            let descriptor = sockets[id]?.descriptor
        else { return }
        tls.hasSaidEnd = true
        let step = unsafe tls.connection.end(rooms.wire)
        _ = unsafe kernel.send(descriptor, UnsafeRawBufferPointer(rebasing: rooms.wire[..<step.written]))
    }
}
