import ShuntCore
import ShuntReactor

/// The simplest owner that a reactor can have: whoever connects is connected to another address, and what one says the
/// other is told, ends included. It stops reading where the other side takes nothing.
final class Relay {
    let reactor: Reactor
    private let target: SocketAddress
    private let listener: SocketID
    private var partners: [SocketID: SocketID] = [:]
    /// Those whose direction is over: nothing more is to be written to them.
    private var finished: Set<SocketID> = []
    private(set) var problems: [String] = []
    /// What was lost, and why.
    private(set) var losses: [SystemError] = []

    init(_ reactor: Reactor, listener: CInt, target: SocketAddress, marks: WaterMarks) throws {
        self.reactor = reactor
        self.target = target
        self.listener = try reactor.listen(on: listener)
        self.marks = marks
    }

    private let marks: WaterMarks
    /// What those who connect are met with, and what is dialled with; nil is plain.
    var front: TLSContext?
    var back: TLSContext?

    /// Connections that are there, both ends counted.
    var count: Int { partners.count }

    /// One turn.
    func turn(until deadline: Instant) {
        reactor.wait(until: deadline)
        while let event = reactor.next() { handle(event) }
    }

    private func handle(_ event: ReactorEvent) {
        switch event {
        case .acceptable(let id): if id == listener { accept() }
        case .readable(let id): read(id)
        case .connected, .secured: break
        case .plainText(let id): cut(id)
        case .lost(let id, let error):
            losses.append(error)
            cut(id)
        case .congested(let id): if let other = partners[id] { reactor.setReading(other, false) }
        case .relieved(let id): if let other = partners[id] { reactor.setReading(other, true) }
        case .finished(let id):
            if !finished.contains(id) { problems.append("\(id) finished unasked") }
            sentAll.insert(id)
            closeWhenOver(id)
        case .closed(let id): problems.append("\(id) closed by itself")
        case .deadline(let id): cut(id)
        case .woken: break
        }
    }

    private func accept() {
        do {
            while let (client, _) = try reactor.accept(listener) {
                do {
                    let upstream = try reactor.connect(to: target)
                    partners[client] = upstream
                    partners[upstream] = client
                    if let front { reactor.secure(client, with: front) }
                    if let back { reactor.secure(upstream, with: back, name: "localhost") }
                    reactor.setMarks(client, marks)
                    reactor.setMarks(upstream, marks)
                } catch {
                    reactor.close(client)
                }
            }
        } catch {
            losses.append(error)
        }
    }

    private func read(_ id: SocketID) {
        guard let other = partners[id] else { return problems.append("\(id) is nobody's and has something to say") }
        let reception = reactor.receive(id) { bytes in
            if reactor.append(to: other, atMost: bytes.count, { copy(bytes, $0) }) < bytes.count,
                !finished.contains(other)
            {
                // It is broken, and will be lost.
                reactor.setReading(id, false)
            }
        }
        switch reception {
        case .bytes, .nothing: break
        case .end:
            ended.insert(id)
            finished.insert(other)
            reactor.finish(other)
        case .lost(let error):
            losses.append(error)
            cut(id)
        }
    }

    private func copy(_ bytes: Span<UInt8>, _ room: UnsafeMutableRawBufferPointer) -> Int {
        bytes.withUnsafeBytes { room.copyMemory(from: $0) }
        return bytes.count
    }

    /// Those that said that they say no more.
    private var ended: Set<SocketID> = []

    /// Those that were told of it that all is sent.
    private var sentAll: Set<SocketID> = []

    private func closeWhenOver(_ id: SocketID) {
        guard let other = partners[id], ended.contains(id), ended.contains(other), sentAll.contains(id),
            sentAll.contains(other)
        else { return }
        cut(id)
    }

    private func cut(_ id: SocketID) {
        guard let other = partners.removeValue(forKey: id) else { return }
        partners[other] = nil
        for id in [id, other] {
            finished.remove(id)
            ended.remove(id)
            sentAll.remove(id)
            reactor.close(id)
        }
    }
}
