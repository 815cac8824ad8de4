import NIOCore
import NIOPosix
import ShuntCore

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
    private static let patience = TimeAmount.seconds(1)

    private let group: any EventLoopGroup
    private let names: NameCache
    private var known: [Place: Known] = [:]
    private var asking: [Place: Task<Bool, Never>] = [:]

    init(group: any EventLoopGroup, names: NameCache) {
        self.group = group
        self.names = names
    }

    /// Whether these accept connections, in their order.
    func answers(_ addresses: [UpstreamAddress]) async -> [Bool] {
        let places = addresses.map { Place(host: $0.host, port: $0.port) }
        let tasks = places.map { task(for: $0) }
        var results: [Bool] = []
        for task in tasks { results.append(await task.value) }
        let now = ContinuousClock.now
        known = known.filter { places.contains($0.key) || now - $0.value.at < Self.freshFor }
        return results
    }

    private func task(for place: Place) -> Task<Bool, Never> {
        if let known = known[place], ContinuousClock.now - known.at < Self.freshFor {
            return Task { known.answers }
        }
        if let task = asking[place] { return task }
        let task = Task {
            let answers = await connects(to: place)
            known[place] = Known(answers: answers, at: .now)
            asking[place] = nil
            return answers
        }
        asking[place] = task
        return task
    }

    private func connects(to place: Place) async -> Bool {
        let loop = group.next()
        var addresses = names.known(host: place.host, port: place.port)
        if addresses.isEmpty {
            addresses = (try? await names.addresses(host: place.host, port: place.port, on: loop).get()) ?? []
        }
        for address in addresses.prefix(2) {
            let channel = try? await ClientBootstrap(group: loop).connectTimeout(Self.patience).connect(to: address)
                .get()
            guard let channel else { continue }
            try? await channel.close().get()
            return true
        }
        return false
    }
}
