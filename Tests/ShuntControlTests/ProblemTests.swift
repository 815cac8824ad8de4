import Foundation
import HTTPTypes
import ShuntControl
import ShuntCore
import ShuntTesting
import Testing

@Suite struct ProblemTests {
    @Test(
        arguments: [
            (ControlProblem.unknownRoute("gude", meant: "guide"), 404, "unknown_route"),
            (.unknownRoute("x", meant: nil), 404, "unknown_route"), (.conflict(seen: 3, now: 5), 412, "conflict"),
            (.notPossible("it is paused already"), 409, "not_possible"),
            (.badFile(["config.yaml:3:1: phase: no"]), 409, "bad_file"),
            (.busy, 409, "busy"), (.store("the disk is full"), 503, "store_unavailable"), (.stopping, 503, "stopping"),
        ] as [(ControlProblem, Int, String)])
    func `what the proxy refuses is told as a problem`(problem: ControlProblem, status: Int, code: String) async throws
    {
        let client = APIClient()
        client.control.with { $0.problem = problem }
        let reply = try await client.change(.post, AdminPath.pause("guide"))
        #expect(reply.status == status)
        #expect(reply.code == code)
        #expect(reply.field("Content-Type") == "application/problem+json")
        #expect(reply.json["type"] as? String == "/problems/" + code)
        #expect(reply.json["status"] as? Int == status)
    }

    @Test func `a problem carries what helps to go on`() async throws {
        let client = APIClient()
        func reply(_ problem: ControlProblem) async throws -> APIClient.Reply {
            client.control.with { $0.problem = problem }
            return try await client.change(.post, AdminPath.reload)
        }
        #expect(try await reply(.unknownRoute("gude", meant: "guide")).json["meant"] as? String == "guide")
        #expect(try await reply(.conflict(seen: 3, now: 5)).json["revision"] as? Int == 5)
        #expect(try await reply(.badFile(["a:1:2: b"])).json["errors"] as? [String] == ["a:1:2: b"])
        #expect(try await reply(.busy).field("Retry-After") == "1")
        #expect(
            (try await reply(.store("the disk is full")).json["detail"] as? String)?.contains("disk is full") == true)
    }

    @Test(arguments: [
        "/", "/api", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/status/", "/api/v1/routes/", "/API/V1/STATUS",
        "/api/v1/routes/%FF", "//api/v1/status", "/api/v1/../v1/status",
    ])
    func `where nothing is, a problem says so`(path: String) async throws {
        let reply = try await APIClient().ask(.get, path)
        #expect(reply.status == 404)
        #expect(reply.code == "not_found")
    }

    @Test(arguments: [
        (HTTPRequest.Method.post, AdminPath.status, "GET, HEAD"), (.options, AdminPath.phase, "DELETE, GET, HEAD, PUT"),
        (.get, AdminPath.override(of: "guide"), "DELETE, PUT"), (.put, AdminPath.pause("guide"), "POST"),
        (.delete, AdminPath.route("guide"), "GET, HEAD"), (.head, AdminPath.reload, "POST"),
        (.trace, AdminPath.alive, "GET, HEAD"),
    ])
    func `a method that a path does not take is refused with those that it takes`(
        method: HTTPRequest.Method, path: String, allow: String
    ) async throws {
        let reply = try await APIClient().ask(method, path)
        #expect(reply.status == 405)
        #expect(reply.field("Allow") == allow)
        #expect(method == .head || reply.code == "method_not_allowed")
    }

    @Test(arguments: [
        ("{", "bad_json"), ("{\"reason\": nope}", "bad_json"), ("{\"reason\":\"a\",}x", "bad_json"),
        ("\u{0}", "bad_json"),
        (String(repeating: "[", count: 60_000), "invalid_value"),
        (#"{"reason":"# + String(repeating: "[", count: 60_000), "invalid_value"),
        ("[]", "invalid_value"), ("7", "invalid_value"),
        ("null", "invalid_value"), ("{\"reason\":7}", "invalid_value"), ("{\"reason\":{\"a\":[]}}", "invalid_value"),
        ("{\"reasn\":\"a\"}", "invalid_value"),
    ])
    func `a body that is no object of texts is refused`(body: String, code: String) async throws {
        let client = APIClient()
        let reply = try await client.change(.post, AdminPath.reload, body: body)
        #expect(reply.status == (code == "bad_json" ? 400 : 422))
        #expect(reply.code == code)
        #expect(client.control.with { $0.performed.isEmpty })
    }

    @Test(arguments: [
        ("{\n \"reason\": nope\n}", "line 2, column 12"), ("{", "line 1, column 2"), ("", "empty"),
        ("{\"reason\":\"a\",}", "line 1, column 15"), ("{}\r\n}", "line 2, column 1"),
        ("{\"reason\":\"a\nb\"}", "line 1, column 13"),
    ])
    func `bad JSON is told with its place`(body: String, place: String) async throws {
        let reply = try await APIClient().change(.post, AdminPath.reload, body: body)
        #expect(reply.code == "bad_json")
        let detail = try #require(reply.json["detail"] as? String)
        #expect(detail.contains(place), "\(detail)")
    }

    @Test func `a misspelt member is told with the one that was meant`() async throws {
        let reply = try await APIClient().change(.put, AdminPath.phase, body: #"{"phse":"migrate"}"#)
        #expect(reply.json["meant"] as? String == "phase")
        #expect(reply.json["allowed"] as? [String] == ["phase", "reason"])
    }

    @Test func `null stands for a reason that is not given`() async throws {
        #expect(try await APIClient().change(.post, AdminPath.reload, body: #"{"reason":null}"#).status == 200)
    }

    @Test(
        arguments: [
            ("101%", nil), ("100.01%", nil), ("-1%", nil), ("25", "25%"), ("0.5", "0.5%"), ("unifed", "unified"),
            ("legcy", "legacy"),
            ("", nil), ("1.234%", nil), ("LEGACY", "legacy"), ("25 %", nil),
        ] as [(String, String?)])
    func `a share that is none is refused with what was meant`(share: String, meant: String?) async throws {
        let client = APIClient()
        let body = String(decoding: try AdminJSON.encode(OverrideRequest(servedBy: share)), as: UTF8.self)
        let reply = try await client.change(.put, AdminPath.override(of: "guide"), body: body)
        #expect(reply.status == 422)
        #expect(reply.code == "invalid_value")
        #expect(reply.json["meant"] as? String == meant)
        #expect((reply.json["allowed"] as? [String])?.count == 3)
        #expect(client.control.with { $0.performed.isEmpty })
    }

    @Test func `an unknown phase is refused with the nearest one`() async throws {
        let reply = try await APIClient().change(.put, AdminPath.phase, body: #"{"phase":"migrat"}"#)
        #expect(reply.status == 422)
        #expect(reply.json["meant"] as? String == "migrate")
        #expect(reply.json["allowed"] as? [String] == ["parallel", "migrate", "deprecate", "complete"])
        #expect(try await APIClient().change(.put, AdminPath.phase, body: "{}").status == 422)
    }

    @Test func `a body of 64 KiB is read and a larger one refused`() async throws {
        func body(_ length: Int) -> String { #"{"reason":""# + String(repeating: "a", count: length - 13) + #""}"# }
        #expect(try await APIClient().change(.post, AdminPath.reload, body: body(65_536)).status == 200)
        let reply = try await APIClient().change(.post, AdminPath.reload, body: body(65_537))
        #expect(reply.status == 413)
        #expect(reply.code == "too_large")
    }

    @Test(arguments: [
        "/api/v1/sessions?limit=0", "/api/v1/sessions?limit=1001", "/api/v1/sessions?limit=x",
        "/api/v1/sessions?limit=",
        "/api/v1/sessions?limit", "/api/v1/sessions?limit=9999999999999999999999", "/api/v1/sessions?limit=1&limit=2",
        "/api/v1/sessions?limi=1", "/api/v1/status?a", "/api/v1/audit?before=0", "/api/v1/events?after=-1",
        "/api/v1/phase?to=migrat", "/api/v1/phase?to=", "/api/v1/status?%00=%FF",
    ])
    func `a parameter that makes no sense is refused`(path: String) async throws {
        let reply = try await APIClient().ask(.get, path)
        #expect(reply.status == 400)
        #expect(reply.code == "bad_parameter")
    }

    @Test func `every kind of problem has its own type, title and an error status`() {
        let all = ProblemCode.allCases
        #expect(Set(all.map(\.type)).count == all.count)
        #expect(Set(all.map(\.title)).count == all.count)
        #expect(all.allSatisfy { (400...599).contains($0.status) && $0.type.hasSuffix("/" + $0.rawValue) })
    }
}
