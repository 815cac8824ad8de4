import Glibc
package import ShuntCore
package import ShuntReactor

/// A reactor's view of a `FakeNetwork`: its own poller, and the network's calls.
package final class FakeKernel: KernelStandIn {
    private struct Watch {
        var interest: Readiness
        var token: UInt64
        /// How often it was told to be ready since anybody did anything with it.
        var ignored = 0
    }

    private let network: FakeNetwork
    private var watches: [CInt: Watch] = [:]
    private var isWoken = false

    package init(_ network: FakeNetwork) { self.network = network }

    package var now: Instant { network.now }
    /// Descriptors that are watched.
    package var watched: Int { watches.count }
    /// How often in a row a descriptor was told to be ready and nobody did anything with it, at most: more than a few
    /// times is a loop that spins.
    package private(set) var mostIgnored = 0

    // MARK: Watching

    package func watch(_ descriptor: CInt, _ interest: Readiness, token: UInt64) -> CInt {
        guard network.things[descriptor] != nil else { return -EBADF }
        guard watches[descriptor] == nil else { return -EEXIST }
        guard network.watchError == 0 else { return -network.watchError }
        watches[descriptor] = Watch(interest: interest, token: token)
        return 0
    }

    package func change(_ descriptor: CInt, _ interest: Readiness, token: UInt64) -> CInt {
        guard let watch = watches[descriptor] else { return -ENOENT }
        guard !watch.interest.contains(.exclusive), !interest.contains(.exclusive) else { return -EINVAL }
        watches[descriptor] = Watch(interest: interest, token: token)
        return 0
    }

    package func unwatch(_ descriptor: CInt) -> CInt {
        watches.removeValue(forKey: descriptor) == nil ? -ENOENT : 0
    }

    package func wake() { isWoken = true }

    package func wait(most: Int, until deadline: Instant, _ report: (UInt64, Readiness) -> Void) -> CInt {
        var ready: [(descriptor: CInt, token: UInt64, readiness: Readiness)] = []
        for (descriptor, watch) in watches.sorted(by: { $0.key < $1.key }) {
            let seen = readiness(of: descriptor).intersection(watch.interest.union([.error, .hangUp]))
            if !seen.isEmpty { ready.append((descriptor, watch.token, seen)) }
        }
        ready.shuffle(using: &network.dice)
        let told = ready.filter { _ in !network.dice.chance(network.faults.withheld) }
        for (descriptor, token, readiness) in told.prefix(most) {
            report(token, readiness)
            watches[descriptor]?.ignored += 1
            mostIgnored = max(mostIgnored, watches[descriptor]?.ignored ?? 0)
        }
        defer { isWoken = false }
        // Nothing at all: time passes.
        if ready.isEmpty, !isWoken, deadline < .distantFuture { network.now = max(network.now, deadline) }
        return isWoken ? 1 : 0
    }

    private func readiness(of descriptor: CInt) -> Readiness {
        switch network.things[descriptor] {
        case .listener(let address):
            return network.queues[address]?.isEmpty == false ? .input : []
        case .end(let end):
            if end.hangs { return [] }
            if end.isConnecting { return end.error == 0 ? .output : [.output, .error, .hangUp] }
            var seen: Readiness = []
            if end.unread > 0 || end.ended || end.isReset { seen.insert(.input) }
            if let other = end.other, other.window > other.unread || other.isClosed { seen.insert(.output) }
            if end.isReset { seen.formUnion([.output, .hangUp]) }
            if end.error != 0 { seen.insert(.error) }
            if end.ended, end.finished { seen.insert(.hangUp) }
            return seen
        case nil: return []
        }
    }

    // MARK: Sockets

    package func accept(_ listener: CInt) -> (descriptor: CInt, peer: SocketAddress) {
        let nobody = SocketAddress.unix(path: "")
        heeded(listener)
        if let fault = fault() { return (CInt(fault), nobody) }
        guard case .listener(let address) = network.things[listener], var queue = network.queues[address],
            !queue.isEmpty
        else { return (-EAGAIN, nobody) }
        if network.acceptError != 0 { return (-network.acceptError, nobody) }
        let end = queue.removeFirst()
        network.queues[address] = queue
        guard !end.isReset else { return (-ECONNABORTED, nobody) }
        return (network.descriptor(for: .end(end)), end.other?.local ?? nobody)
    }

    package func connect(to address: SocketAddress, from source: SocketAddress?) -> CInt {
        let fate = network.dialFate(address)
        if case .impossible(let error) = fate { return -error }
        let (near, far) = network.pair(to: address)
        near.isConnecting = true
        switch fate {
        case .hangs: near.hangs = true
        case .fails(let error): near.error = error
        case .asListened where network.queues[address] != nil: network.queues[address]?.append(far)
        case .asListened, .impossible: near.error = ECONNREFUSED
        }
        return network.descriptor(for: .end(near))
    }

    package func connectError(_ descriptor: CInt) -> CInt {
        heeded(descriptor)
        guard case .end(let end) = network.things[descriptor] else { return EBADF }
        end.isConnecting = false
        defer { end.error = 0 }
        return end.error
    }

    package func receive(_ descriptor: CInt, _ room: UnsafeMutableRawBufferPointer) -> Int {
        guard case .end(let end) = network.things[descriptor] else { return -Int(EBADF) }
        heeded(descriptor)
        if let fault = fault() { return fault }
        guard end.unread > 0 else {
            if end.error != 0 || end.isReset {
                defer { end.error = 0 }
                return end.error != 0 ? -Int(end.error) : 0
            }
            return end.ended ? 0 : -Int(EAGAIN)
        }
        var count = min(room.count, end.unread)
        if network.dice.chance(network.faults.short) { count = network.dice.within(1...count) }
        room.copyBytes(from: end.take(count))
        return count
    }

    package func send(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard case .end(let end) = network.things[descriptor] else { return -Int(EBADF) }
        heeded(descriptor)
        if let fault = fault() { return fault }
        return network.send(Array(bytes), from: end)
    }

    private func heeded(_ descriptor: CInt) { watches[descriptor]?.ignored = 0 }

    /// A call that comes to nothing for once.
    private func fault() -> Int? {
        if network.dice.chance(network.faults.interrupted) { return -Int(EINTR) }
        return network.dice.chance(network.faults.again) ? -Int(EAGAIN) : nil
    }

    package func shutdownOutput(_ descriptor: CInt) {
        if case .end(let end) = network.things[descriptor] { network.finish(end) }
    }

    package func close(_ descriptor: CInt) {
        watches.removeValue(forKey: descriptor)
        switch network.things.removeValue(forKey: descriptor) {
        case .end(let end): network.close(end)
        case .listener(let address):
            for end in network.queues.removeValue(forKey: address) ?? [] { end.other?.reset() }
        case nil: break
        }
    }

    package func unread(_ descriptor: CInt) -> Int {
        if case .end(let end) = network.things[descriptor] { return end.unread }
        return 0
    }

    package func transportState(_ descriptor: CInt) -> TransportState? { network.transportState }
}
