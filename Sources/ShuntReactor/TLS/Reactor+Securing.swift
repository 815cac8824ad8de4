import Glibc
import ShuntCore

/// From a plain connection to a secured one.
extension Reactor {
    /// Speaks TLS from here on: `.secured` says that the handshake is over, `.lost` that it came to nothing. Everything else
    /// is as with other sockets; what is appended meanwhile is sent after the handshake. A listening side is told
    /// `.plainText` of a peer that does not even try.
    ///
    /// - Parameters:
    ///   - name: whom a client wants to talk to, a DNS name or an address; nil where it does not matter who it is.
    ///   - received: what came already and was received, although it is a part of the handshake.
    package func secure(_ id: SocketID, with context: TLSContext, name: String? = nil, received: [UInt8] = []) {
        guard let stage = sockets[id]?.stage, stage == .open || stage == .connecting, sockets[id]?.tls == nil else {
            return
        }
        guard let connection = TLSConnection(context, name: name) else { return lose(id, SystemError(code: EINVAL)) }
        let tls = SecuredSocket(connection)
        setTLS(id, tls)
        if stage == .open { beginHandshake(id, tls, received) }
    }

    /// What is wrong where a socket with TLS was lost; nil where it is nothing of TLS. Good until the socket is closed.
    package func tlsProblem(of id: SocketID) -> TLSProblem? { sockets[id]?.tls?.problem }

    /// What was agreed on; nil before `.secured`, and of plain sockets.
    package func tlsFacts(of id: SocketID) -> TLSFacts? {
        guard let tls = sockets[id]?.tls, !tls.isPlain, sockets[id]?.stage == .open else { return nil }
        return tls.connection.facts
    }

    // MARK: The handshake

    func beginHandshake(_ id: SocketID, _ tls: SecuredSocket, _ received: [UInt8] = []) {
        sockets[id]?.stage = .securing
        watchAgain(id)
        // A client speaks first.
        guard !tls.connection.isServer || !received.isEmpty else { return }
        unsafe received.withUnsafeBytes { bytes in unsafe shake(id, tls, bytes) }
    }

    /// Something came in the middle of a handshake.
    func goOnWithHandshake(_ id: SocketID) {
        guard let tls = sockets[id]?.tls, let descriptor = sockets[id]?.descriptor else { return }
        let count = unsafe kernel.receive(
            descriptor, UnsafeMutableRawBufferPointer(rebasing: room[..<TLSRooms.largestRead]))
        counts.receives += 1
        guard count > 0 else { return heardNothing(id, tls, count) }
        hasProgressed = true
        counts.bytesReceived += count
        unsafe shake(id, tls, UnsafeRawBufferPointer(rebasing: room[..<count]))
    }

    private func heardNothing(_ id: SocketID, _ tls: SecuredSocket, _ count: Int) {
        guard count < 0 else { return fail(id, tls, TLSProblem(.ended), .connectionReset) }
        let error = SystemError(code: CInt(truncatingIfNeeded: -count))
        guard error.isTransient else { return lose(id, error) }
        // What cannot be written to and says nothing is no more.
        if sockets[id]?.isBroken == true { lose(id, .connectionReset) }
    }

    /// Does what can be done with these bytes.
    private func shake(_ id: SocketID, _ tls: SecuredSocket, _ input: UnsafeRawBufferPointer) {
        if tls.isFresh, let first = unsafe input.first {
            tls.isFresh = false
            // A method of HTTP.
            if tls.connection.isServer, (0x41...0x5A).contains(first) { return unsafe becomesPlain(id, tls, input) }
        }
        var left = unsafe input
        var step: TLSStep
        let wire = unsafe rooms.wire
        repeat {
            step = unsafe tls.connection.handshake(left, wire)
            unsafe left = UnsafeRawBufferPointer(rebasing: left[step.read...])
            unsafe put(UnsafeRawBufferPointer(rebasing: wire[..<step.written]), id, tls)
        } while step.outcome == .wantsRoom && step.written > 0 && sockets[id]?.stage == .securing
        guard sockets[id]?.stage == .securing else { return }
        switch step.outcome {
        case .done:
            unsafe tls.keep(left)
            isSecured(id, tls)
        case .wantsInput, .wantsRoom: break
        case .ended, .failed: fail(id, tls, tls.connection.problem, .protocolBroken)
        }
    }

    private func isSecured(_ id: SocketID, _ tls: SecuredSocket) {
        sockets[id]?.stage = .open
        counts.handshakes += 1
        if tls.connection.isResumed { counts.resumptions += 1 }
        tell(.secured(id))
        goesOn(id, tls)
    }

    private func becomesPlain(_ id: SocketID, _ tls: SecuredSocket, _ input: UnsafeRawBufferPointer) {
        tls.isPlain = true
        unsafe tls.keep(input)
        sockets[id]?.stage = .open
        tell(.plainText(id))
        goesOn(id, tls)
    }

    private func goesOn(_ id: SocketID, _ tls: SecuredSocket) {
        watchAgain(id)
        list(id, tls)
        becomesDirty(id)
    }

    func fail(_ id: SocketID, _ tls: SecuredSocket, _ problem: TLSProblem, _ error: SystemError) {
        tls.problem = problem
        lose(id, error)
    }

    // MARK: Input that the kernel does not know of

    /// Has the owner told in the next turn, where there is something to be received.
    func list(_ id: SocketID, _ tls: SecuredSocket) {
        guard tls.hasInput, !tls.isListed else { return }
        tls.isListed = true
        listed.append(id)
    }

    /// Tells of it in each turn until it is received, as the kernel does of its own.
    func tellListed() {
        let before = listed
        listed.removeAll(keepingCapacity: listed.capacity <= 1024)
        for id in before {
            guard let tls = sockets[id]?.tls else { continue }
            tls.isListed = false
            guard sockets[id]?.stage == .open, sockets[id]?.isReading == true, sockets[id]?.hasEnded == false,
                tls.hasInput
            else { continue }
            tell(.readable(id))
            list(id, tls)
        }
    }
}

extension SecuredSocket {
    fileprivate func keep(_ bytes: UnsafeRawBufferPointer) {
        guard unsafe !bytes.isEmpty else { return }
        unsafe unread.append(bytes)
    }
}

extension SystemError {
    static var protocolBroken: SystemError { SystemError(code: EPROTO) }
}
