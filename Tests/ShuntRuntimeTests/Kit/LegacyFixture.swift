import ShuntCore
import ShuntTesting

@testable import ShuntRuntime

extension ProxyFixture {
    /// A proxy whose route `guide` old clients reach at `/api/ws/guide`, served by the legacy backend; a unified backend
    /// is there where it has a port.
    static func legacy(
        backendPort: Int, unifiedPort: Int? = nil, workers: Int = 1,
        _ change: (inout EndpointSettings) -> Void = { _ in }
    ) -> ProxyFixture {
        var fixture = ProxyFixture(backendPort: backendPort, workers: workers)
        var endpoint = EndpointSettings(path: "/api/ws/guide")
        change(&endpoint)
        fixture.table.routes[0].endpoint = endpoint
        guard let unifiedPort else { return fixture }
        var unified = UpstreamSettings(
            name: "unified", address: UpstreamAddress(host: "127.0.0.1", port: unifiedPort, path: "/api/ws/agent"))
        unified.correlation = .field("conversation_id", unique: false)
        unified.queue.timeout = .seconds(40)
        fixture.table.addUnified(unified)
        return fixture
    }

    /// The same, with the route served by another side.
    func serving(_ rollout: Rollout) throws -> RoutingTable {
        var table = table
        table.routes[0].servedBy = rollout
        return try RoutingTable(table)
    }
}

/// A handshake, and what was answered to it.
struct Opening {
    let socket: BlockingSocket
    let head: String

    init(port: Int, target: String = "/api/ws/guide?session_token=t", headers: [String] = []) throws {
        socket = try BlockingSocket.connect(port: port)
        try socket.send(WireSocket.request(target: target, headers: headers))
        head = try socket.readHead()
    }

    var status: Int { head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }
    /// As a client reads and writes frames on it.
    var wire: WireSocket { WireSocket(socket: socket, isClient: true) }

    /// All values of a field, in order.
    func values(_ name: String) -> [String] {
        head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix(name.lowercased() + ":") }
            .map { String($0.dropFirst(name.count + 1).drop { $0 == " " }) }
    }

    func body() throws -> String { String(decoding: try socket.readToEnd(), as: UTF8.self) }
}
