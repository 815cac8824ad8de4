import ShuntCore
import ShuntReactor
import Synchronization

/// The most that a worker had since memory was given back last.
struct MemoryPeak {
    /// Sockets and sessions.
    private var things = 0
    private var bytes = 0

    /// A fall from the peak by that much is worth the walk through the allocator's lists.
    private static let manyThings = 500
    private static let manyBytes = 8 << 20

    mutating func see(things now: Int) { things = max(things, now) }

    mutating func see(bytes now: Int) { bytes = max(bytes, now) }

    /// Whether much less is there now; then the peak begins anew.
    mutating func hasFallen(things nowThings: Int, bytes nowBytes: Int) -> Bool {
        guard things - nowThings >= Self.manyThings || bytes - nowBytes >= Self.manyBytes else { return false }
        things = nowThings
        bytes = nowBytes
        return true
    }
}

/// Gives memory back to the system that a burst needed: the allocator keeps what is freed, for ever.
final class MemoryReturn: Sendable {
    private static let pause = TimeSpan.seconds(10)
    /// When that may be done again.
    private let next = Mutex(Instant.zero)

    /// Does it on a thread of its own, as it may take some milliseconds; not at all where it was done a moment ago.
    ///
    /// - Returns: false where it has to be asked for again.
    func begin(now: Instant) -> Bool {
        next.withLock { next in
            guard now >= next, (try? SystemThread.start(named: "memory", SystemMemory.giveBack)) != nil else {
                return false
            }
            next = now + Self.pause
            return true
        }
    }
}

extension Worker {
    /// To be called every now and then.
    func giveMemoryBack() {
        if index == 0 { process.sessions.sweep(now: now()) }
        // Sessions stay for a while when their sockets have gone.
        let things = reactor.count + switchboard.sessionCount
        memoryPeak.see(things: things)
        var peak = memoryPeak
        guard peak.hasFallen(things: things, bytes: switchboard.bufferedBytes) else { return }
        shrink()
        if process.memory.begin(now: now()) { memoryPeak = peak }
    }

    /// Makes tables smaller that a burst made large.
    func shrink() {
        switchboard.shrink()
        reactor.shrink()
        dialWheel.shrink()
        clients.shrink()
        connections.shrink()
        dials.shrink()
        arrivals.shrink()
        outcomes.shrink()
        dialProblems.shrink()
        pipes.shrink()
        pipedConnections.shrink()
        occupants.shrink()
        door.shrink()
        handshakes.shrink()
        lingering.shrink()
        process.sessions.shrink()
        process.admission.shrink()
    }
}
