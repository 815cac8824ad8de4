import Synchronization

/// Counts the event streams that are open.
final class StreamSlots: Sendable {
    private let taken = Mutex(0)
    private let most: Int

    init(_ most: Int) { self.most = most }

    /// nil when there is none left.
    func enter() -> StreamSlot? {
        let isFree = taken.withLock { count in
            guard count < most else { return false }
            count += 1
            return true
        }
        return isFree ? StreamSlot(self) : nil
    }

    fileprivate func leave() { taken.withLock { $0 -= 1 } }
}

/// One of them, for as long as it is held: also an answer that is never written gives it back.
final class StreamSlot: Sendable {
    private let slots: StreamSlots
    fileprivate init(_ slots: StreamSlots) { self.slots = slots }
    deinit { slots.leave() }
}
