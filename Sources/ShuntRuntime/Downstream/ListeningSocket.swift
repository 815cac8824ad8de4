import Logging
import ShuntCore
import ShuntReactor

/// A listening socket on the worker that has it: deals connections out to all workers in turn.
///
/// It rests while there is no room at the door, or when the process is out of descriptors or memory: neither is it closed,
/// nor does the loop spin over the connection that waits. Whoever comes meanwhile waits in the system's queue.
final class ListeningSocket {
    private static let rest = TimeSpan.milliseconds(250)
    private static let saidEvery = TimeSpan.seconds(5)
    /// Connections that are accepted in one go, before other sockets have their turn.
    private static let mostAtOnce = 64

    private let worker: Worker
    private let socket: SocketID
    private var restsUntil = Instant.zero
    private var saidAt: Instant?
    private var listener: Int?
    /// The worker that gets the next connection.
    private var next: Int

    /// - Parameter descriptor: the reactor's from now on.
    init(_ descriptor: CInt, worker: Worker) throws(SystemError) {
        self.worker = worker
        next = worker.index
        socket = try worker.reactor.listen(on: descriptor)
        worker.occupants.insert(.listener(self), for: socket)
        let (workers, index, socket) = (worker.workers, worker.index, socket)
        listener = worker.process.budget.tell { workers.order(index) { $0.settle(listener: socket) } }
    }

    /// Accepts nobody any more.
    func close() {
        if let listener { worker.process.budget.remove(listener: listener) }
        listener = nil
        worker.occupants.remove(socket)
        worker.reactor.close(socket)
    }

    func acceptable() {
        do throws(SystemError) {
            for _ in 0..<Self.mostAtOnce {
                guard !worker.process.budget.isFull else { return settle() }
                guard try accept() else { return }
            }
        } catch {
            restsUntil = worker.now() + Self.rest
            worker.process.budget.lackDescriptors(now: worker.now())
            say(.error, "cannot accept connections", ["error": "\(error)"])
            settle()
        }
    }

    /// Accepts one connection; false where none waits.
    private func accept() throws(SystemError) -> Bool {
        let target = next
        if target == worker.index || target >= worker.workers.count {
            guard let (id, peer) = try worker.reactor.accept(socket) else { return false }
            OpeningHandshake.begin(on: id, of: peer, worker: worker)
        } else {
            guard let (detached, peer) = try worker.reactor.acceptForAnother(socket) else { return false }
            worker.workers.order(target) { $0.begin(detached, of: peer) }
        }
        next = target + 1 < worker.workers.count ? target + 1 : 0
        return true
    }

    /// Accepts or rests, as things are now.
    func settle() {
        let isFull = worker.process.budget.isFull
        if isFull { say(.warning, "accepting pauses", ["reason": "limits.handshakes.bytes are under way"]) }
        var isResting = restsUntil > worker.now()
        let accepts = !isFull && !isResting
        worker.reactor.setReading(socket, accepts)
        if accepts, !worker.reactor.isReading(socket) {
            // Short of what the poller needs.
            restsUntil = worker.now() + Self.rest
            isResting = true
        }
        if isResting { worker.deadlines.listeners = min(worker.deadlines.listeners, restsUntil) }
    }

    private func say(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata) {
        let now = worker.now()
        guard saidAt.map({ now - $0 >= Self.saidEvery }) ?? true else { return }
        saidAt = now
        worker.process.logger.log(level: level, message, metadata: metadata)
    }
}

extension Worker {
    /// A connection that another worker has accepted.
    fileprivate func begin(_ detached: DetachedSocket, of peer: SocketAddress) {
        // Where it cannot be watched it is closed, and nobody knows of it.
        guard let id = try? reactor.attach(detached) else { return }
        OpeningHandshake.begin(on: id, of: peer, worker: self)
    }

    fileprivate func settle(listener: SocketID) {
        if case .listener(let listener) = occupants[listener] { listener.settle() }
    }

    /// Listening sockets that have rested go on.
    func wakeListeners() {
        deadlines.listeners = .distantFuture
        for case .listener(let listener) in occupants.values { listener.settle() }
    }

    /// Accepts nobody any more.
    func stopListening() {
        for case .listener(let listener) in occupants.values { listener.close() }
    }
}
