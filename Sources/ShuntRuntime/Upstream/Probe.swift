import ShuntCore
import ShuntReactor

/// A TCP connection that says nothing and is closed at once: whether somebody accepts it.
final class Probe {
    private static let patience = TimeSpan.seconds(1)

    private let worker: Worker
    private var addresses: [SocketAddress]
    private var socket = SocketID.none
    private var answer: (@Sendable (Bool) -> Void)?

    private init(_ addresses: [SocketAddress], worker: Worker, answer: @escaping @Sendable (Bool) -> Void) {
        self.addresses = addresses
        self.worker = worker
        self.answer = answer
    }

    /// Tries addresses in their order, two at most.
    ///
    /// - Parameter answer: called once, on the worker's thread.
    static func begin(_ addresses: [SocketAddress], worker: Worker, answer: @escaping @Sendable (Bool) -> Void) {
        Probe(Array(addresses.prefix(2)), worker: worker, answer: answer).connect()
    }

    private func connect() {
        guard !addresses.isEmpty, let id = try? worker.reactor.connect(to: addresses.removeFirst()) else {
            return end(false)
        }
        socket = id
        worker.occupants.insert(.probe(self), for: id)
        worker.reactor.setDeadline(id, worker.now() + Self.patience)
    }

    func lost() {
        letGo()
        connect()
    }

    func end(_ accepts: Bool) {
        letGo()
        answer?(accepts)
        answer = nil
    }

    private func letGo() {
        worker.occupants.remove(socket)
        worker.reactor.close(socket)
    }
}
