import ShuntCore
import Testing

@Suite struct `Routing table` {
    private func problem(_ change: (inout TableDefinition) -> Void) -> TableProblem? {
        do {
            _ = try RoutingTable(.agents(change))
            return nil
        } catch {
            return error
        }
    }

    @Test func `a sound definition is compiled`() {
        #expect(problem { _ in } == nil)
    }

    @Test func `two routes that one message could mean are refused`() {
        #expect(problem { $0.routes[2].match = ["guide"] } == .overlap(route: 2, with: 0))
        #expect(problem { $0.routes[2].match = ["guide", "x"] } == .overlap(route: 2, with: 0))
        #expect(problem { $0.routes[0].match = ["liaison"] } == .overlap(route: 1, with: 0))
        #expect(problem { $0.routes[2].match = ["liaison", "content"] } == .overlap(route: 2, with: 1))
    }

    @Test func `a route must have an address, and none longer than there are members`() {
        #expect(problem { $0.routes[1].match = [] } == .noMatch(route: 1))
        #expect(problem { $0.routes[1].match = ["liaison", "a", "b"] } == .matchTooLong(route: 1))
        #expect(problem { $0.addressing.routeBy = [] } == .matchTooLong(route: 0))
    }

    @Test func `a route must be served by an upstream that is there`() {
        #expect(problem { $0.routes[1].legacy = nil } == .noUpstream(route: 1, .legacy))
        #expect(problem { $0.routes[1].legacy = 99 } == .noUpstream(route: 1, .legacy))
        #expect(problem { $0.routes[1].legacy = -1 } == .noUpstream(route: 1, .legacy))
        #expect(
            problem {
                $0.routes[2].servedBy = .unified
                $0.unified = nil
            } == .noUpstream(route: 2, .unified))
    }

    @Test func `the default route must be one of them`() {
        #expect(problem { $0.addressing.defaultRoute = "gide" } == .unknownDefaultRoute("gide"))
    }

    @Test func `settings that would lose or mix up replies are refused`() throws {
        for (index, change)
            in ([{ $0.lanes = 0 }, { $0.inFlight = 0 }, { $0.correlation = .field("", unique: true) }]
            as [(inout UpstreamSettings) -> Void]).enumerated()
        {
            guard case .unsafe(upstream: 1, _) = problem({ change(&$0.upstreams[1]) }) else {
                Issue.record("change \(index) was not refused")
                continue
            }
        }
    }

    @Test func `a rule that cannot be compiled is refused`() throws {
        guard
            case .badRule(upstream: 2, let reason) = problem({
                $0.upstreams[2].toUnified.set = [.init(field: "a", json: "{")]
            })
        else { throw NotRefused() }
        #expect(reason.contains("'a'"))
    }

    @Test func `the endpoint's aliases are endpoints`() throws {
        let table = try RoutingTable(.agents { $0.addressing.paths = ["/a", "/b"] })
        for (path, isUnified) in [("/a", true), ("/b", true), ("/a/", false)] {
            let found = if case .unified? = table.endpoints.match(ByteString(path)) { true } else { false }
            #expect(found == isUnified, "\(path)")
        }
    }

    @Test func `ten thousand routes are found like one`() throws {
        var definition = TableDefinition()
        definition.upstreams = [UpstreamSettings(name: "all", address: .test("/"))]
        for number in 0..<10_000 {
            let match = number % 2 == 0 ? ["a\(number)"] : ["b\(number % 7)", "p\(number)"]
            definition.routes.append(RouteSettings(name: "r\(number)", match: match, servedBy: .legacy, legacy: 0))
        }
        let table = try RoutingTable(definition)
        for number in [0, 1, 4_998, 4_999, 9_998, 9_999] {
            let address =
                number % 2 == 0
                ? #"{"agent_type":"a\#(number)"}"# : #"{"pillar":"p\#(number)","agent_type":"b\#(number % 7)"}"#
            #expect(resolve(address, table) == "r\(number)")
        }
        #expect(resolve(#"{"agent_type":"a1"}"#, table) == nil)
        #expect(resolve(#"{"agent_type":"b1","pillar":"p2"}"#, table) == nil)
    }

    @Test func `a dotted member names a route where it stands`() throws {
        let table = try RoutingTable(
            .agents {
                $0.addressing.routeBy = ["payload.agent", "pillar"]
            })
        #expect(resolve(#"{"payload":{"agent":"liaison"},"pillar":"content"}"#, table) == "liaison/content")
        #expect(resolve(#"{"agent":"liaison","payload.agent":"liaison"}"#, table) == "guide", "the default")
        #expect(resolve(#"{"payload":{"agent":"liaison"},"payload":{"agent":"guide"}}"#, table) == "guide")
        #expect(resolve(#"{"payload":{"agent":"liaison"},"payload":{}}"#, table) == "guide", "the last one counts")
    }

    private func resolve(_ text: String, _ table: RoutingTable) -> String? {
        var envelope = Envelope()
        let bytes = Array(text.utf8)
        guard envelope.scan(bytes.span, for: table.requestKeys, nesting: 128, early: false) == .object,
            case .route(let index) = table.addressing.resolve(envelope, bytes.span)
        else { return nil }
        return table.routes[index].name
    }
}

private struct NotRefused: Error {}
