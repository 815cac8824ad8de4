import ShuntCore
import Testing

@testable import DemoClients

/// Where demo clients and the chat page find the proxy.
@Suite struct DestinationTests {
    @Test(arguments: [
        ([ListenAddress.tcp(host: "127.0.0.1", port: 8080)], "127.0.0.1:8080"),
        ([.unix(path: "s"), .tcp(host: "10.1.2.3", port: 1), .tcp(host: "10.1.2.4", port: 2)], "10.1.2.3:1"),
        ([.tcp(host: "0.0.0.0", port: 80)], "127.0.0.1:80"),
        ([.tcp(host: "::", port: 80)], "[::1]:80"),
    ])
    func `the first TCP address counts, and a wildcard is reached over loopback`(
        listeners: [ListenAddress], authority: String
    ) throws {
        #expect(try destination(listeners)?.authority == authority)
    }

    @Test(arguments: [[], [ListenAddress.unix(path: "/run/shunt.sock")]])
    func `without a TCP address there is none`(listeners: [ListenAddress]) throws {
        #expect(try destination(listeners) == nil)
    }

    @Test
    func `paths and addresses are those of the table`() throws {
        let found = try #require(try destination([.tcp(host: "127.0.0.1", port: 8080)]))
        #expect(found.unifiedPath == "/new")
        #expect(
            found.agents == [
                .init(name: "guide", legacyPath: "/old/guide", address: [.init(name: "kind", value: "guide")]),
                .init(
                    name: "liaison/content", legacyPath: nil,
                    address: [.init(name: "kind", value: "liaison"), .init(name: "pillar", value: "content")]),
            ])
    }

    @Test
    func `a client whose endpoint the configuration does not have stays away`() throws {
        let found = try #require(try destination([.tcp(host: "127.0.0.1", port: 8080)]))
        let roles = [
            Role("a", .web("w", "1"), on: .legacy("guide", "liaison/content"), every: 1...2),
            Role("b", .web("w", "1"), on: .legacy("liaison/content"), every: 1...2),
            Role("c", .web("w", "3"), on: .unified, every: 1...2),
        ]
        let needed = roles.filter { DemoClient(role: $0, destination: found, origin: nil).isNeeded }
        #expect(needed.map(\.name) == ["a", "c"])
    }

    /// Two routes, of which one has no legacy endpoint.
    private func destination(_ listeners: [ListenAddress]) throws -> Destination? {
        var definition = TableDefinition()
        definition.addressing.paths = ["/new", "/alias"]
        definition.addressing.routeBy = ["kind", "pillar"]
        definition.upstreams = [
            UpstreamSettings(name: "u", address: UpstreamAddress(host: "127.0.0.1", port: 1, path: "/"))
        ]
        var guide = RouteSettings(name: "guide", match: ["guide"], servedBy: .legacy, legacy: 0)
        guide.endpoint = EndpointSettings(path: "/old/guide")
        let content = RouteSettings(
            name: "liaison/content", match: ["liaison", "content"], servedBy: .legacy, legacy: 0)
        definition.routes = [guide, content]
        return Destination(table: try RoutingTable(definition), listeners: listeners)
    }
}
