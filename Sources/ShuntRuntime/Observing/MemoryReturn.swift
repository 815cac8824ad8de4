import ShuntCore
import ShuntReactor
import Synchronization

/// The most that a worker had since memory was given back last.
struct MemoryPeak {
    private var sockets = 0
    private var bytes = 0

    /// A fall from the peak by that much is worth the walk through the allocator's lists.
    private static let manySockets = 500
    private static let manyBytes = 8 << 20

    mutating func see(sockets now: Int) { sockets = max(sockets, now) }

    mutating func see(bytes now: Int) { bytes = max(bytes, now) }

    /// Whether much less is there now; then the peak begins anew.
    mutating func hasFallen(sockets nowSockets: Int, bytes nowBytes: Int) -> Bool {
        guard sockets - nowSockets >= Self.manySockets || bytes - nowBytes >= Self.manyBytes else { return false }
        sockets = nowSockets
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
        memoryPeak.see(sockets: reactor.count)
        var peak = memoryPeak
        guard peak.hasFallen(sockets: reactor.count, bytes: switchboard.bufferedBytes) else { return }
        if process.memory.begin(now: now()) { memoryPeak = peak }
    }
}
