import ShuntCore
import ShuntReactor

/// A client whose handshake is accepted and not yet answered: counted in, and on its way to the worker where its session
/// lives. It holds the client's handshake: never log it.
struct AcceptedClient: Sendable {
    let candidate: Candidate
    /// nil for a client that is a session of its own.
    let identity: ClientIdentity?
    let process: ProcessState

    var handshake: Handshake { candidate.handshake }

    /// What it is counted in by.
    var lease: SocketLease { .client(host: handshake.remoteHost, session: identity?.key) }

    /// Gives the socket to the worker where its session lives: a client of the unified endpoint is answered, one of a
    /// legacy endpoint waits for what its backend says.
    ///
    /// - Parameters:
    ///   - socket: of that worker's reactor.
    ///   - behind: what came behind the request.
    func install(on socket: SocketID, worker: Worker, behind: [UInt8]) {
        if let key = identity?.key { worker.noticeSharing(of: key, by: handshake) }
        guard candidate.endpoint != nil else { return becomeLeg(on: socket, worker: worker, behind: behind) }
        worker.arrived(ArrivingClient(self, socket, worker: worker, behind: behind))
    }

    /// Answers 101 and makes the socket a client's leg.
    private func becomeLeg(on socket: SocketID, worker: Worker, behind: [UInt8]) {
        let offered = handshake.subprotocols
        let addressing = worker.switchboard.table.definition.addressing
        let selected =
            addressing.protocols.first(where: offered.contains)
            ?? (handshake.offersShunt ? SessionSubprotocol.version : nil)
        let compression = worker.compression(offeredBy: handshake.headers, addressing.compression)
        guard
            let answer = HandshakeAnswer.switchingProtocols(
                acceptKey: candidate.acceptKey, subprotocol: selected, extensions: compression?.answer)
        else {
            worker.giveBack(compression?.0)
            worker.occupants.remove(socket)
            worker.reactor.close(socket)
            return leave(at: worker.now())
        }
        let leg = Leg(socket, worker: worker, isUpstream: false, lease: lease, compression: compression?.0)
        leg.appendBytes(answer)
        worker.connected(client: leg, handshake, as: identity)
        if !behind.isEmpty { leg.read(behind.span) }
    }

    /// The client is gone before it had a socket of its own: counts it out. Once.
    func leave(at now: Instant) { lease.giveBack(to: process, now: now) }
}

extension Worker {
    /// Takes in a client whose session lives here from the worker that accepted it.
    ///
    /// - Parameter behind: what came behind its request. What comes from now on is read here.
    func adopt(_ client: AcceptedClient, _ detached: DetachedSocket, behind: [UInt8]) {
        do {
            client.install(on: try reactor.attach(detached), worker: self, behind: behind)
        } catch {
            countRefusal(HandshakeAnswer.Trouble.noDescriptors.code)
            client.leave(at: now())
        }
    }
}
