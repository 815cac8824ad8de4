/// The other end of a reactor's connection, in a test's hands.
package final class FakePeer {
    private let end: FakeNetwork.End
    private let network: FakeNetwork

    init(_ end: FakeNetwork.End, in network: FakeNetwork) {
        self.end = end
        self.network = network
    }

    /// Says as much of the bytes as there is room for.
    ///
    /// - Returns: how many were taken; negative is an `errno`.
    package func write(_ bytes: [UInt8]) -> Int { network.send(bytes, from: end) }

    /// Takes what came, at most so much.
    package func read(atMost most: Int = .max) -> [UInt8] { Array(end.take(min(most, end.unread))) }

    /// Bytes that came and were not read.
    package var unread: Int { end.unread }
    /// Bytes of this peer's that the other side has read so far.
    package var heard: Int { end.other?.taken ?? 0 }
    /// What the reactor knows the connection by; nil before it has accepted it, and when it has closed it.
    package var descriptor: CInt? { end.other?.descriptor }
    /// The reactor has closed its end.
    package var isLeft: Bool { end.other?.isClosed ?? true }
    /// Bytes of this peer's that the reactor has not read.
    package var unheard: Int { end.other?.unread ?? 0 }

    /// The reactor said that it says no more, and everything before that was read.
    package var hasEnded: Bool { end.ended && end.unread == 0 }
    package var isReset: Bool { end.isReset }
    package func finish() { network.finish(end) }
    package func close() { network.close(end) }

    /// Ends the connection so that the other side's next call fails.
    ///
    /// - Parameter overtaking: what was said and not read yet is lost, as where the reset comes first.
    package func reset(overtaking: Bool = false) {
        end.other?.reset()
        if overtaking { end.other?.forget() }
        end.isClosed = true
    }
}
