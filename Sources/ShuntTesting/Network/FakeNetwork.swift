import Glibc
package import ShuntCore
package import ShuntReactor

/// How much goes wrong in a network that a seed invents, each in percent of the calls.
package struct NetworkFaults: Sendable {
    /// A call takes or gives less than it could.
    package var short = 0
    /// A call says that nothing can be done just now, although something could.
    package var again = 0
    /// A call is interrupted by a signal.
    package var interrupted = 0
    /// A wait leaves out something that is ready, for once.
    package var withheld = 0

    package init() {}

    /// Nothing goes wrong.
    package static let none = NetworkFaults()
    /// As bad as it gets while everything still arrives in the end.
    package static let bad: NetworkFaults = {
        var faults = NetworkFaults()
        faults.short = 40
        faults.again = 15
        faults.interrupted = 10
        faults.withheld = 30
        return faults
    }()
}

/// What comes of a dial in a network that a seed invents.
package enum DialFate: Sendable {
    /// It comes through where somebody listens, and is refused elsewhere.
    case asListened
    /// That `errno` is what is heard of it.
    case fails(CInt)
    /// That `errno` is said at once.
    case impossible(CInt)
    /// Nothing is heard of it.
    case hangs
}

/// A network in memory for reactors under test: connections with windows, listening sockets with queues, and a clock
/// that stands still unless everybody waits. The same seed and the same calls give the same run.
package final class FakeNetwork {
    /// One end of a connection.
    final class End {
        /// Bytes that came and were not read; the first of them at `start`.
        var inbox: [UInt8] = []
        var start = 0
        /// How many may wait here before the other end's sends are refused.
        let window: Int
        /// The other end said that it says no more.
        var ended = false
        /// This end said so.
        var finished = false
        /// `errno` that the next call says, once.
        var error: CInt = 0
        /// The connection was reset.
        var isReset = false
        /// The descriptor is closed, or the test's end is.
        var isClosed = false
        /// The dial is not decided; then 0 or `errno` is what comes of it.
        var isConnecting = false
        /// The dial never is.
        var hangs = false
        /// Bytes that were read here so far.
        var taken = 0
        /// Where a reactor has it; nil before, and when it is closed.
        var descriptor: CInt?
        let local: SocketAddress
        weak var other: End?

        init(window: Int, local: SocketAddress) {
            self.window = window
            self.local = local
        }

        var unread: Int { inbox.count - start }

        func take(_ count: Int) -> ArraySlice<UInt8> {
            let bytes = inbox[start..<start + count]
            start += count
            taken += count
            if start == inbox.count {
                inbox.removeAll(keepingCapacity: true)
                start = 0
            }
            return bytes
        }

        /// Loses what came and was not read.
        func forget() {
            inbox = []
            start = 0
        }

        func reset() {
            guard !isReset, !isClosed else { return }
            isReset = true
            error = ECONNRESET
        }
    }

    /// What a descriptor is.
    enum Thing {
        case end(End)
        case listener(SocketAddress)
    }

    package internal(set) var now = Instant(nanoseconds: 1_000_000_000)
    package var faults = NetworkFaults.none
    /// The most that waits unread at one end.
    package var window = 64 << 10
    var dice: Dice
    var things: [CInt: Thing] = [:]
    /// Connections that nobody has accepted, by listening address.
    var queues: [SocketAddress: [End]] = [:]
    /// `errno` that accepting says instead, as long as there is one.
    package var acceptError: CInt = 0
    /// `errno` that watching a descriptor says instead, as long as there is one.
    package var watchError: CInt = 0
    /// What comes of the next dials of reactors.
    package var dialFate: (SocketAddress) -> DialFate = { _ in .asListened }
    /// What the system hears of every connection's other end.
    package var transportState: TransportState?
    private var lastPort: UInt16 = 40_000
    /// Both ends of what the test itself has, so that they stay.
    private var kept: [End] = []

    package init(seed: UInt64) { dice = Dice(seed: seed) }

    /// Descriptors that are open.
    package var openDescriptors: Int { things.count }

    /// The smallest number that is free, as the system does it: whoever uses one that is closed meets another's.
    func descriptor(for thing: Thing) -> CInt {
        var number: CInt = 100
        while things[number] != nil { number += 1 }
        things[number] = thing
        if case .end(let end) = thing { end.descriptor = number }
        return number
    }

    // MARK: What tests do

    /// A listening socket for a reactor.
    package func listen(on address: SocketAddress) -> CInt {
        queues[address] = []
        return descriptor(for: .listener(address))
    }

    /// Dials a listening socket, as a peer of the reactor's.
    package func dial(_ address: SocketAddress) -> FakePeer? {
        guard queues[address] != nil else { return nil }
        let (near, far) = pair(to: address)
        queues[address]?.append(far)
        return FakePeer(near, in: self)
    }

    /// Accepts what a reactor dialled.
    package func accept(at address: SocketAddress) -> FakePeer? {
        guard var queue = queues[address], !queue.isEmpty else { return nil }
        let end = queue.removeFirst()
        queues[address] = queue
        return FakePeer(end, in: self)
    }

    /// Where a test itself accepts.
    package func await(at address: SocketAddress) { queues[address] = [] }

    /// Connections that nobody has accepted at an address.
    package func waiting(at address: SocketAddress) -> Int { queues[address]?.count ?? 0 }

    package func advance(by span: TimeSpan) { now = now + span }

    func pair(to address: SocketAddress) -> (near: End, far: End) {
        lastPort &+= 1
        let near = End(window: window, local: .v4(0x7F00_0001, port: lastPort))
        let far = End(window: window, local: address)
        near.other = far
        far.other = near
        kept.append(near)
        kept.append(far)
        return (near, far)
    }

    // MARK: What ends do

    func send(_ bytes: [UInt8], from end: End) -> Int {
        if let error = pendingError(of: end) { return error }
        guard !end.finished, let other = end.other else { return -Int(EPIPE) }
        guard !other.isClosed else {
            // It goes out, and a reset comes back.
            end.reset()
            return bytes.count
        }
        let room = other.window - other.unread
        guard room > 0 else { return -Int(EAGAIN) }
        var count = min(room, bytes.count)
        if dice.chance(faults.short) { count = dice.within(1...count) }
        other.inbox.append(contentsOf: bytes[..<count])
        return count
    }

    /// What a call says of an end before it looks at anything else.
    func pendingError(of end: End) -> Int? {
        if end.error != 0 {
            defer { end.error = 0 }
            return -Int(end.error)
        }
        return end.isReset ? -Int(EPIPE) : nil
    }

    func finish(_ end: End) {
        guard !end.finished else { return }
        end.finished = true
        end.other?.ended = true
    }

    func close(_ end: End) {
        guard !end.isClosed else { return }
        // Whoever closes with something unread resets.
        if end.unread > 0 { end.other?.reset() }
        finish(end)
        end.isClosed = true
        end.descriptor = nil
    }
}
