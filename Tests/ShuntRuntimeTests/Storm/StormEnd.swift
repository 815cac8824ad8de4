import ShuntCore
import ShuntTesting

/// A peer's end of a connection with the proxy: what it has said and the network has not taken, and how it reads.
final class StormEnd {
    let peer: FakePeer
    /// Nil where it speaks in the clear.
    let tls: StormTLS?
    /// Said, and not taken by the network yet.
    private(set) var unsent: [UInt8] = []
    /// Bytes said so far.
    private(set) var said = 0
    /// It has ended the connection, one way or the other.
    private(set) var isCut = false
    private(set) var isFinished = false
    /// It did so by a reset.
    private(set) var isReset = false
    /// It never ends the connection because the other side has, however long that waits.
    let isStubborn: Bool
    /// Its direction ends when all is sent.
    private var finishes = false

    /// Whether it reads what comes.
    var reads = true {
        didSet { if !reads { hasPaused = true } }
    }

    /// There was a time when it did not read.
    private(set) var hasPaused = false

    init(_ peer: FakePeer, _ tls: StormTLS? = nil, isStubborn: Bool = false) {
        self.peer = peer
        self.isStubborn = isStubborn
        self.tls = tls
    }

    /// Something of what it said is on no way yet.
    var hasUnsent: Bool { unsentCount > 0 }
    var unsentCount: Int { unsent.count + (tls?.wire.count ?? 0) }

    /// Bytes that it said and the proxy has read.
    ///
    /// - Parameter undecrypted: bytes of the wire that the proxy has read and nobody has decrypted.
    func heard(undecrypted: Int) -> Int {
        tls?.heard(upTo: peer.heard - undecrypted) ?? peer.heard
    }

    /// The connection is over, and everything that came is read.
    var isOver: Bool { isCut || peer.unread == 0 && (peer.hasEnded || peer.isReset) }
    /// It ends what the other side has ended.
    var follows: Bool { isOver && (!isStubborn || peer.isReset) }

    func say(_ bytes: [UInt8]) {
        unsent += bytes
        said += bytes.count
    }

    /// Gives the network as much as it takes, at most so much.
    func send(atMost most: Int = .max) {
        if !isCut, !isFinished, hasUnsent, most > 0 {
            if let tls { send(atMost: most, by: tls) } else { sendPlain(atMost: most) }
            if peer.isReset { forgetAll() }
        }
        guard finishes, !hasUnsent, !isFinished, !isCut else { return }
        tls?.sayEnd()
        guard !hasUnsent else { return send(atMost: most) }
        isFinished = true
        // Some say it in TLS alone.
        if tls?.farewell != .notice || tls?.isOpen == false { peer.finish() }
    }

    private func sendPlain(atMost most: Int) {
        let taken = peer.write(Array(unsent.prefix(most)))
        // Negative where it takes nothing now, or ever.
        if taken > 0 { unsent.removeFirst(taken) }
    }

    private func send(atMost most: Int, by tls: StormTLS) {
        if tls.isOpen, !unsent.isEmpty {
            let record = Array(unsent.prefix(most))
            tls.say(record)
            unsent.removeFirst(record.count)
        }
        tls.send(atMost: most) { peer.write($0) }
    }

    private func forgetAll() {
        unsent = []
        tls?.forget()
    }

    func read(atMost most: Int = .max) -> [UInt8] {
        guard !isCut else { return [] }
        let bytes = peer.read(atMost: most)
        return tls?.hear(bytes) ?? bytes
    }

    /// What is not sent never will be.
    func forgetUnsent() {
        said -= unsent.count
        unsent = []
    }

    /// Says no more when everything is sent, and reads on.
    func finish() { finishes = true }

    /// Ends the connection as a closed socket does: what it has not read resets it.
    func close() {
        guard !isCut else { return }
        isCut = true
        if tls?.wire.isEmpty == true {
            tls?.sayEnd()
            tls?.send(atMost: .max) { peer.write($0) }
        }
        forgetAll()
        peer.close()
    }

    /// - Parameter overtaking: what is under way to the proxy is lost.
    func reset(overtaking: Bool) {
        guard !isCut else { return }
        isCut = true
        isReset = true
        forgetAll()
        peer.reset(overtaking: overtaking)
    }
}
