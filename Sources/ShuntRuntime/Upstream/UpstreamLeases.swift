import ShuntCore
import Synchronization

/// How many connections each upstream has in this process, dials included. Locked, and touched only when one is dialled
/// or ends.
final class UpstreamLeases: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    /// Whether there is room for one more; then it is counted, and must be `release`d once.
    func take(_ upstream: UpstreamSettings) -> Bool {
        counts.withLock { counts in
            let taken = counts[upstream.name, default: 0]
            guard taken < upstream.maxConnections else { return false }
            counts[upstream.name] = taken + 1
            return true
        }
    }

    func release(_ name: String) {
        counts.withLock { counts in
            guard let taken = counts[name] else { return }
            counts[name] = taken > 1 ? taken - 1 : nil
        }
    }

    /// Connections of an upstream now.
    func count(_ name: String) -> Int { counts.withLock { $0[name] ?? 0 } }
}

/// Local addresses to dial from, in turn: one address reaches one backend port at most some 28,000 times.
final class SourceAddresses: Sendable {
    private let turn = Atomic<Int>(0)

    /// The next of the upstream's local addresses; nil where the system chooses.
    func next(_ upstream: UpstreamSettings) -> String? {
        let addresses = upstream.sourceAddresses
        guard !addresses.isEmpty else { return nil }
        let (old, _) = turn.wrappingAdd(1, ordering: .relaxed)
        return addresses[Int(UInt(bitPattern: old) % UInt(addresses.count))]
    }
}
