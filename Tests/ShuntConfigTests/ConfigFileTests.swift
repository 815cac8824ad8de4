import Foundation
import ShuntConfig
import ShuntCore
import Testing

/// The file that comes with the project, and files that cannot be read.
struct ConfigFileTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test
    func `the project's own file has nothing wrong with it and serves five agents`() throws {
        let outcome = ConfigReader.read(path: Self.root.appendingPathComponent("config.yaml").path, environment: [:])
        #expect(outcome.diagnostics == [])
        let definition = try #require(outcome.settings?.table.definition)
        let liaison = ["content", "insights", "operations", "business_outcomes"]
        #expect(definition.routes.map(\.name) == ["guide"] + liaison.map { "liaison/\($0)" })
        #expect(definition.routes.map(\.match) == [["guide"]] + liaison.map { ["liaison", $0] })
        #expect(definition.routes.allSatisfy { $0.servedBy == .legacy })
        let paths = definition.routes.compactMap { $0.legacy.map { definition.upstreams[$0].address.path } }
        #expect(paths == ["/api/ws/guide"] + liaison.map { "/api/ws/liaison/\($0)" })
        let unified = definition.upstreams[try #require(definition.unified)]
        #expect(unified.address == UpstreamAddress(host: "127.0.0.1", port: 7200, path: "/api/ws/agent"))
        #expect(unified.correlation == .field("conversation_id", unique: false))
        #expect(unified.closes[4029] == .limit)
    }

    @Test(arguments: [
        ("127.0.0.1:8080", "", "behind a load balancer that listen.trusted_proxies does not list, all clients"),
        ("127.0.0.1:8080", "10.0.0.0/8", "for each address (those of listen.trusted_proxies are not counted)"),
        ("unix:/run/shunt.sock", "", "for each address (over Unix sockets there is none)"),
    ])
    func `the summary says whose address connections are counted by`(
        _ address: String, _ trusted: String, _ words: String
    ) throws {
        let text = """
            listen: {clients: "\(address)", trusted_proxies: [\(trusted)]}
            \(oneRoute)
            """
        let summary = try #require(ConfigReader.read(text: text, file: "c.yaml", environment: [:]).summary)
        #expect(summary.text.contains(words), "\(summary.text)")
    }

    @Test
    func `the summary names each route, who serves it and where`() throws {
        let outcome = ConfigReader.read(path: Self.root.appendingPathComponent("config.yaml").path, environment: [:])
        let summary = try #require(outcome.summary)
        let row = try #require(summary.text.split(separator: "\n").first { $0.hasPrefix("liaison/insights") })
        let text = try String(contentsOf: Self.root.appendingPathComponent("config.yaml"), encoding: .utf8)
        let line =
            try #require(
                text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.hasPrefix("phase:") }) + 1
        let cells = row.split(separator: " ").map(String.init)
        #expect(
            cells == [
                "liaison/insights", "agent_type=liaison", "pillar=insights", "legacy", "phase:", "parallel", "(line",
                "\(line))",
                "ws://127.0.0.1:7101/api/ws/liaison/insights", "session", "fifo", "2m",
            ])
    }

    @Test
    func `a file that is not there or is a folder is a diagnostic`() {
        let missing = ConfigReader.read(path: Self.root.path + "/no-such-file.yaml", environment: [:])
        #expect(missing.settings == nil)
        #expect(missing.diagnostics.map(\.problem) == ["the file does not exist"])
        let folder = ConfigReader.read(path: Self.root.path, environment: [:])
        #expect(folder.diagnostics.map(\.problem) == ["the file cannot be read"])
    }
}
