import NIOCore
import ShuntCore

/// A client whose handshake is accepted and not yet answered: counted in, and on its way to the worker where its session
/// lives. It holds the session token: never log it.
struct AcceptedClient: Sendable {
    let handshake: Handshake
    /// nil for a client that is a session of its own.
    let token: ByteString?
    let acceptKey: String
    let process: ProcessState
    /// Whether it asked for a legacy endpoint.
    let isLegacy: Bool

    /// Hands the channel over to the worker where its session lives: a client of the unified endpoint is answered, one
    /// of a legacy endpoint waits for what its backend says.
    ///
    /// - Parameter behind: what came behind the request.
    func settle(on channel: any Channel, worker: Worker, behind: ByteBuffer = ByteBuffer()) {
        guard isLegacy else {
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
        guard let answer = HandshakeAnswer.switchingProtocols(acceptKey: acceptKey) else {
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
        worker.connected(client: leg, handshake, token: token)
        return leg
    }

    /// The client is gone: counts it out, by that loop's clock. Once.
    func leave(on eventLoop: any EventLoop) {
        process.admission.leave(from: handshake.remoteHost)
        let now = Instant(nanoseconds: Int64(clamping: eventLoop.now.uptimeNanoseconds))
        if let token { process.sessions.leave(token, now: now) }
    }
}

extension ChannelOptions.Types.WriteBufferWaterMark {
    /// Congested above `limit`, relieved at half of it.
    static func bytes(_ limit: Int) -> Self {
        let high = min(max(limit, 2), Int(UInt32.max))
        return Self(low: high / 2, high: high)
    }
}
