import Foundation
import HTTPTypes
import ShuntControl
import ShuntCore
import ShuntTesting
import Testing

@Suite struct StateTests {
    private func decoded<Value: Decodable>(_ type: Value.Type, _ reply: APIClient.Reply) throws -> Value {
        try AdminJSON.decode(type, from: Data(reply.text.utf8))
    }

    @Test(arguments: [
        AdminPath.status, AdminPath.routes, AdminPath.route("guide"), AdminPath.phase, AdminPath.phase(to: .complete),
        AdminPath.pools, AdminPath.sessions, AdminPath.events, AdminPath.audit,
    ])
    func `every answer about state carries the revision as its ETag, and is never cached`(path: String) async throws {
        let reply = try await APIClient().ask(.get, path)
        #expect(reply.status == 200)
        #expect(reply.field("ETag") == "\"12\"")
        #expect(reply.field("Cache-Control") == "no-store")
        #expect(reply.field("X-Content-Type-Options") == "nosniff")
        #expect(reply.field("Content-Security-Policy")?.contains("frame-ancestors 'none'") == true)
        #expect(reply.fields.allSatisfy { !$0.name.canonicalName.hasPrefix("access-control") })
    }

    @Test func `problems carry the same security fields`() async throws {
        let reply = try await APIClient().ask(.get, "/nothing")
        #expect(reply.field("Cache-Control") == "no-store")
        #expect(reply.field("X-Content-Type-Options") == "nosniff")
        #expect(reply.field("Content-Security-Policy")?.contains("frame-ancestors 'none'") == true)
    }

    @Test func `the status tells what the proxy tells`() async throws {
        let status = try decoded(StatusAnswer.self, try await APIClient().ask(.get, AdminPath.status))
        #expect(status.version == "0.3.0")
        #expect(status.startedAt == "2026-11-18T11:06:40.000Z")
        #expect(status.phase == "migrate" && status.phaseIsOverride && status.phaseOfFile == "parallel")
        #expect(status.now.clients == 5 && status.now.heldBytes == 10)
        #expect(status.lastReload?.lines == ["config.yaml:3:1: phase: no"])
        #expect(status.storeProblem == "the disk is full")
        #expect(
            status.certificates?.map(\.file) == ["/tls/soon.pem", "/tls/late.pem"], "the next to expire is the first")
        #expect(status.certificates?.first?.names == ["soon.example", "10.0.0.1"])
        #expect(status.certificates?.first?.expiresAt == "2027-01-15T08:00:00Z")
    }

    @Test func `routes are told in the order of the file, with what made them so`() async throws {
        let routes = try decoded(RoutesAnswer.self, try await APIClient().ask(.get, AdminPath.routes)).routes
        #expect(routes.map(\.name) == ["guide", "liaison/content"])
        let route = try #require(routes.last)
        #expect(route.servedBy == "25.5%" && route.unifiedPercent == 25.5 && route.decidedBy == "override")
        #expect(route.fileSays == "legacy" && route.line == 41 && route.paused)
        #expect(route.override?.by == "anna" && route.counts.byLegacy == 30)
    }

    @Test(arguments: ["liaison/content", "liaison%2Fcontent", "liaison%2fcontent", "li%61ison/content"])
    func `a route's name may have its slashes encoded or not`(name: String) async throws {
        let route = try decoded(RouteAnswer.self, try await APIClient().ask(.get, AdminPath.routes + "/" + name))
        #expect(route.name == "liaison/content")
    }

    @Test func `a name that ends in a word of the API is reached when it is encoded`() async throws {
        let client = APIClient()
        client.control.with { $0.routes[0].name = "a/pause" }
        #expect(try await client.ask(.get, AdminPath.route("a/pause")).json["name"] as? String == "a/pause")
        #expect(try await client.change(.post, AdminPath.pause("a/pause")).status == 200)
        #expect(client.control.with { $0.performed.map(\.change) } == [.pause("a/pause")])
        #expect(try await client.ask(.get, "/api/v1/routes/a/pause").status == 405)
    }

    @Test func `an unknown route is told with the nearest one`() async throws {
        let reply = try await APIClient().ask(.get, AdminPath.route("gide"))
        #expect(reply.status == 404)
        #expect(reply.code == "unknown_route")
        #expect(reply.json["meant"] as? String == "guide")
    }

    @Test func `a preview tells what moves and what stays`() async throws {
        let phase = try decoded(PhaseAnswer.self, try await APIClient().ask(.get, AdminPath.phase(to: .complete)))
        #expect(phase.phase == "migrate" && phase.fileSays == "parallel" && phase.phases.count == 4)
        #expect(phase.preview?.to == "complete")
        #expect(phase.preview?.moves.map(\.route) == ["guide"])
        #expect(phase.preview?.moves.first?.wouldBeServedBy == "unified")
        #expect(phase.preview?.stays.first?.wouldBeDecidedBy == "override")
        #expect(try decoded(PhaseAnswer.self, try await APIClient().ask(.get, AdminPath.phase)).preview == nil)
    }

    @Test(arguments: [
        ("/api/v1/sessions", "sessions 100"), ("/api/v1/sessions?limit=7", "sessions 7"),
        ("/api/v1/events", "events latest 100"), ("/api/v1/events?after=9&limit=1000", "events 9 1000"),
        ("/api/v1/audit", "audit 100 newest"),
        ("/api/v1/audit?limit=1&before=9223372036854775807", "audit 1 9223372036854775807"),
    ])
    func `limits and places are handed on`(path: String, asked: String) async throws {
        let client = APIClient()
        #expect(try await client.ask(.get, path).status == 200)
        #expect(client.control.asked == [asked])
    }

    @Test func `a store that cannot be read is told so`() async throws {
        let client = APIClient()
        client.control.with { $0.problem = .store("no database") }
        #expect(try await client.ask(.get, AdminPath.audit).code == "store_unavailable")
    }

    @Test func `HEAD has the head of GET and no body`() async throws {
        let get = try await APIClient().ask(.get, AdminPath.routes)
        let head = try await APIClient().ask(.head, AdminPath.routes)
        #expect(head.status == 200)
        #expect(head.text.isEmpty)
        #expect(head.field("Content-Length") == String(get.text.utf8.count))
        #expect(head.field("ETag") == get.field("ETag"))
    }

    @Test(arguments: [(2, false, 200), (0, false, 503), (2, true, 503)])
    func `ready means that workers run and nothing drains`(workers: Int, draining: Bool, status: Int) async throws {
        let client = APIClient()
        client.control.with {
            $0.status.workers = workers
            $0.status.isDraining = draining
        }
        let reply = try await client.ask(.get, AdminPath.ready)
        #expect(reply.status == status)
        #expect(reply.code == (status == 200 ? "" : "not_ready"))
        #expect(try await client.ask(.get, AdminPath.alive).status == 200)
    }

    @Test func `readiness tells which upstreams answer, where it is asked for them`() async throws {
        let client = APIClient()
        client.control.plane.with {
            $0.pools = SampleReports.pools(answering: ["guide": true, "liaison": true, "unified": true, "spare": false])
        }
        let good = try await client.ask(.get, AdminPath.ready + "?upstreams")
        #expect(good.status == 200)
        #expect(
            good.text == #"{"status":"ready","upstreams":[{"answers":true,"serves":false,"upstream":"guide"},"#
                + #"{"answers":true,"serves":true,"upstream":"liaison"},{"answers":true,"serves":true,"#
                + #""upstream":"unified"},{"answers":false,"serves":false,"upstream":"spare"}]}"#)
        client.control.plane.with { $0.pools[2].answers = false }
        for query in ["?upstreams", "?upstreams=true", "?x=1&upstreams=1"] {
            let bad = try await client.ask(.get, AdminPath.ready + query)
            #expect(bad.status == 503, "a route is served by it in part")
            #expect(bad.text.contains(#""status":"upstreams_silent""#))
        }
        for query in ["", "?upstreams=false", "?other"] {
            #expect(try await client.ask(.get, AdminPath.ready + query).status == 200, "\(query)")
        }
        client.control.with { $0.status.isDraining = true }
        #expect(try await client.ask(.get, AdminPath.ready + "?upstreams").code == "not_ready")
    }

    @Test func `operations of other rooms stand beside these`() async throws {
        var client = APIClient()
        client.extra = [
            AdminOperation("metrics", .get, .fixed("/metrics"), access: .read, "Counters.", answer: nil) { _ in
                Answer(type: "text/plain", body: .bytes(Data("shunt_clients 5\n".utf8)))
            }
        ]
        let reply = try await client.ask(.get, "/metrics")
        #expect(reply.text == "shunt_clients 5\n")
        #expect(reply.field("Content-Type") == "text/plain")
        #expect(reply.field("Cache-Control") == "no-store")
        #expect(try await client.ask(.post, "/metrics").status == 405)
    }
}
