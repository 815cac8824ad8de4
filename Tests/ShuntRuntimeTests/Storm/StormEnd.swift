import ShuntCore
import ShuntTesting

/// A peer's end of a connection with the proxy: what it has said and the network has not taken, and how it reads.
final class StormEnd {
    let peer: FakePeer
    /// Said, and not taken by the network yet.
    private(set) var unsent: [UInt8] = []
    /// Bytes said so far.
    private(set) var said = 0
    /// It has ended the connection, one way or the other.
    private(set) var isCut = false
    private(set) var isFinished = false
    /// It did so by a reset.
    private(set) var isReset = false
    /// Its direction ends when all is sent.
    private var finishes = false

    /// Whether it reads what comes.
    var reads = true {
        didSet { if !reads { hasPaused = true } }
    }

    /// There was a time when it did not read.
    private(set) var hasPaused = false

    init(_ peer: FakePeer) { self.peer = peer }

    /// The connection is over, and everything that came is read.
    var isOver: Bool { isCut || peer.unread == 0 && (peer.hasEnded || peer.isReset) }

    func say(_ bytes: [UInt8]) {
        unsent += bytes
        said += bytes.count
    }

    /// Gives the network as much as it takes, at most so much.
    func send(atMost most: Int = .max) {
        if !isCut, !isFinished, !unsent.isEmpty, most > 0 {
            let taken = peer.write(Array(unsent.prefix(most)))
            // Negative where it takes nothing now, or ever.
            if taken > 0 { unsent.removeFirst(taken) }
            if peer.isReset { unsent = [] }
        }
        if finishes, unsent.isEmpty, !isFinished, !isCut {
            isFinished = true
            peer.finish()
        }
    }

    func read(atMost most: Int = .max) -> [UInt8] { isCut ? [] : peer.read(atMost: most) }

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
        unsent = []
        peer.close()
    }

    /// - Parameter overtaking: what is under way to the proxy is lost.
    func reset(overtaking: Bool) {
        guard !isCut else { return }
        isCut = true
        isReset = true
        unsent = []
        peer.reset(overtaking: overtaking)
    }
}
