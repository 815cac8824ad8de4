import ShuntCore
import ShuntReactor

/// Whether an upstream can be reached to which nothing is connected: asked by a TCP connection that says nothing and is
/// closed at once. Each address is asked every few seconds at most, however often somebody wants to know.
actor UpstreamProbe {
    private struct Place: Hashable {
        let host: String
        let port: Int
    }

    private struct Known {
        let answers: Bool
        let at: ContinuousClock.Instant
    }

    private static let freshFor = Duration.seconds(3)

    private let names: NameCache
    private var known: [Place: Known] = [:]
    private var asking: [Place: Task<Bool, Never>] = [:]

    init(names: NameCache) { self.names = names }

    /// Whether these accept connections, in their order.
    func answers(_ addresses: [UpstreamAddress], _ workers: Workers) async -> [Bool] {
        let places = addresses.map { Place(host: $0.host, port: $0.port) }
        let tasks = places.map { task(for: $0, workers) }
        var results: [Bool] = []
        for task in tasks { results.append(await task.value) }
        let now = ContinuousClock.now
        known = known.filter { places.contains($0.key) || now - $0.value.at < Self.freshFor }
        return results
    }

    private func task(for place: Place, _ workers: Workers) -> Task<Bool, Never> {
        if let known = known[place], ContinuousClock.now - known.at < Self.freshFor {
            return Task { known.answers }
        }
        if let task = asking[place] { return task }
        let task = Task {
            let answers = await connects(to: place, workers)
            known[place] = Known(answers: answers, at: .now)
            asking[place] = nil
            return answers
        }
        asking[place] = task
        return task
    }

    private func connects(to place: Place, _ workers: Workers) async -> Bool {
        guard let port = UInt16(exactly: place.port) else { return false }
        let addresses = await names.addresses(of: place.host).map { $0.with(port: port) }
        return await withCheckedContinuation { continuation in
            let isTaken = workers.order(0) { worker in
                Probe.begin(addresses, worker: worker) { continuation.resume(returning: $0) }
            }
            if !isTaken { continuation.resume(returning: false) }
        }
    }
}
