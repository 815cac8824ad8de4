import NIOCore
import ShuntCore

/// A client whose handshake is accepted and not yet answered: counted in, and on its way to the worker where its session
/// lives. It holds the client's handshake: never log it.
struct AcceptedClient: Sendable {
    let candidate: Candidate
    /// nil for a client that is a session of its own.
    let identity: ClientIdentity?
    let process: ProcessState

    var handshake: Handshake { candidate.handshake }

    /// Hands the channel over to the worker where its session lives: a client of the unified endpoint is answered, one
    /// of a legacy endpoint waits for what its backend says.
    ///
    /// - Parameter behind: what came behind the request.
    func install(on channel: any Channel, worker: Worker, behind: ByteBuffer = ByteBuffer()) {
        if let key = identity?.key { worker.noticeSharing(of: key, by: handshake) }
        guard candidate.endpoint != nil else {
            let leg = becomeLeg(on: channel, worker: worker)
            if behind.readableBytes > 0 { leg?.read(behind) }
            return
        }
        let arrival = ArrivingClient(self, worker: worker, behind: behind)
        do {
            try channel.pipeline.syncOperations.addHandler(arrival, position: .last)
        } catch {
            leave(on: worker.eventLoop)
            channel.close(promise: nil)
            return
        }
        worker.arrived(arrival)
    }

    /// Answers 101 and makes the channel a client's leg.
    ///
    /// - Returns: the leg, which may have been closed again by the time this returns.
    private func becomeLeg(on channel: any Channel, worker: Worker) -> Leg? {
        let offered = handshake.subprotocols
        let selected = worker.switchboard.table.definition.addressing.protocols.first(where: offered.contains)
        guard let answer = HandshakeAnswer.switchingProtocols(acceptKey: candidate.acceptKey, subprotocol: selected)
        else {
            leave(on: worker.eventLoop)
            channel.close(promise: nil)
            return nil
        }
        let limits = worker.switchboard.table.definition.limits
        let leg = Leg(worker: worker, isUpstream: false, maxMessage: limits.message) {
            leave(on: worker.eventLoop)
        }
        do {
            try channel.syncOptions?.setOption(.writeBufferWaterMark, value: .bytes(limits.unreadByClient))
            try channel.pipeline.syncOperations.addHandler(leg, position: .last)
        } catch {
            // The channel ended meanwhile.
            leg.cut()
            channel.close(promise: nil)
            return nil
        }
        leg.ownsSocket = true
        leg.appendBytes(answer)
        worker.connected(client: leg, handshake, as: identity)
        return leg
    }

    /// The client is gone: counts it out, by that loop's clock. Once.
    func leave(on eventLoop: any EventLoop) {
        process.admission.leave(from: handshake.remoteHost)
        let now = Instant(nanoseconds: Int64(clamping: eventLoop.now.uptimeNanoseconds))
        if let key = identity?.key { process.sessions.leave(key, now: now) }
    }
}

extension ChannelOptions.Types.WriteBufferWaterMark {
    /// Congested above `limit`, relieved at half of it.
    static func bytes(_ limit: Int) -> Self {
        let high = min(max(limit, 2), Int(UInt32.max))
        return Self(low: high / 2, high: high)
    }
}
