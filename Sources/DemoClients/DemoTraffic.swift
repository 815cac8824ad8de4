/// The demo's traffic: old and new clients (`Cast`) that talk through the proxy, gently, until they are told to stop.
package struct DemoTraffic: Sendable {
    private let clients: [DemoClient]

    /// - Parameter origin: what the web applications among the clients send as `Origin`; nil sends none.
    package init(to destination: Destination, origin: String?) {
        clients = Cast.all.map { DemoClient(role: $0, destination: destination, origin: origin) }
            .filter(\.isNeeded)
    }

    /// How many clients play: those whose endpoints the configuration has.
    package var count: Int { clients.count }

    /// Returns when its task is cancelled and all sockets are closed, or when nobody is left. Nothing that the proxy
    /// does ends it earlier.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for client in clients { group.addTask { await client.run() } }
        }
    }
}
