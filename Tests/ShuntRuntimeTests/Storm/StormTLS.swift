import ShuntCore

@testable import ShuntReactor

/// A peer's side of TLS with the proxy: the same OpenSSL, without a reactor.
final class StormTLS {
    /// How it says that it says no more.
    enum Farewell: CaseIterable {
        /// By a close_notify, then by the end of its direction.
        case both
        /// By a close_notify alone.
        case notice
        /// By the end alone.
        case end
    }

    let farewell: Farewell
    /// In the middle of the handshake, after so many bytes, it says nothing more.
    let stopsAfter: Int?
    /// Encrypted, and not taken by the network yet.
    private(set) var wire: [UInt8] = []
    /// What is wrong with what it heard.
    private(set) var problem: TLSProblem?
    private(set) var isOpen = false
    private let connection: TLSConnection
    private var hasSaidEnd = false
    /// Bytes of plaintext, and of the wire, that were encrypted so far.
    private var plainSaid = 0
    private var wireSaid = 0
    /// How much the network took, and how much of it was the handshake's, once that is known.
    private var wireSent = 0
    private var handshakeSaid: Int?
    /// Where what was said ends, in plaintext and on the wire, as far as the proxy has not decrypted it.
    private var marks: [(plain: Int, wire: Int)] = []
    private var heard = 0

    /// Room for four records.
    private static let room = 4 * (16 << 10) + (4 << 10)

    /// - Parameter name: whom a client asks for.
    init?(_ context: TLSContext, name: String? = nil, farewell: Farewell, stopsAfter: Int? = nil) {
        guard let connection = TLSConnection(context, name: name) else { return nil }
        self.connection = connection
        self.farewell = farewell
        self.stopsAfter = stopsAfter
        if !context.isServer { _ = hear([]) }
    }

    /// It says nothing more in the middle of the handshake.
    var hasStopped: Bool { stopsAfter.map { $0 <= wireSent && $0 < handshakeSaid ?? .max } ?? false }

    // MARK: Out

    /// Encrypts; nothing before the handshake is over.
    func say(_ plain: [UInt8]) {
        var left = plain[...]
        while isOpen, !left.isEmpty {
            let step = write { output in left.withUnsafeBytes { connection.write($0, output) } }
            guard step.plain > 0 else { break }
            left.removeFirst(step.plain)
            plainSaid += step.plain
        }
        marks.append((plainSaid, wireSaid))
    }

    /// Says that it says no more, where it does so.
    func sayEnd() {
        guard isOpen, !hasSaidEnd, farewell != .end else { return }
        hasSaidEnd = true
        _ = write { connection.end($0) }
    }

    /// Gives some bytes to the network, which says how many it took.
    func send(atMost most: Int, _ body: ([UInt8]) -> Int) {
        let room = stopsAfter.flatMap { $0 < handshakeSaid ?? .max ? $0 - wireSent : nil } ?? .max
        let bytes = Array(wire.prefix(max(0, min(most, room))))
        guard !bytes.isEmpty else { return }
        let taken = max(0, body(bytes))
        wire.removeFirst(taken)
        wireSent += taken
    }

    func forget() { wire = [] }

    private func write(_ body: (UnsafeMutableRawBufferPointer) -> TLSStep) -> TLSStep {
        withUnsafeTemporaryAllocation(byteCount: Self.room, alignment: 16) { output in
            let step = body(output)
            wire += output.prefix(step.written)
            wireSaid += step.written
            return step
        }
    }

    /// How much of its plaintext the proxy has decrypted.
    ///
    /// - Parameter wire: how much of the wire's.
    func heard(upTo wire: Int) -> Int {
        while let next = marks.first, next.wire <= wire { heard = marks.removeFirst().plain }
        return heard
    }

    // MARK: In

    /// Takes what came over the wire.
    ///
    /// - Returns: what it means.
    func hear(_ bytes: [UInt8]) -> [UInt8] {
        var left = bytes[...]
        if !isOpen { shake(&left) }
        var plain: [UInt8] = []
        // Of a record that did not fit there is more, though all of the wire is read.
        var isFull = false
        while isOpen, problem == nil, isFull || !left.isEmpty {
            let step = withUnsafeTemporaryAllocation(byteCount: Self.room, alignment: 16) { room in
                let step = write { output in
                    left.withUnsafeBytes { connection.read($0, into: room, output) }
                }
                plain += room.prefix(step.plain)
                return step
            }
            left.removeFirst(step.read)
            isFull = step.outcome == .done
            if step.outcome == .failed { problem = connection.problem }
            if step.outcome == .ended { break }
        }
        return plain
    }

    private func shake(_ left: inout ArraySlice<UInt8>) {
        guard problem == nil else { return }
        var step: TLSStep
        repeat {
            step = write { output in left.withUnsafeBytes { connection.handshake($0, output) } }
            left.removeFirst(step.read)
        } while step.outcome == .wantsRoom
        if step.outcome == .failed || step.outcome == .ended { problem = connection.problem }
        guard step.outcome == .done else { return }
        isOpen = true
        handshakeSaid = wireSaid
    }
}
