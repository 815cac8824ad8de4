import Foundation
import HTTPTypes
import ShuntControl
import ShuntCore
import ShuntTesting
import Testing

@Suite struct ChangeTests {
    @Test(
        arguments: [
            (.put, "/api/v1/routes/guide/override", #"{"served_by":"25%"}"#, .setRoute("guide", Rollout(steps: 2500))),
            (
                .put, "/api/v1/routes/liaison/content/override", #"{"served_by":"unified"}"#,
                .setRoute("liaison/content", .unified)
            ),
            (
                .put, "/api/v1/routes/liaison%2Fcontent/override", #"{"served_by":"0.05%"}"#,
                .setRoute("liaison/content", Rollout(steps: 5))
            ),
            (.delete, "/api/v1/routes/guide/override", "{}", .unsetRoute("guide")),
            (.put, "/api/v1/phase", #"{"phase":"deprecate"}"#, .setPhase(.deprecate)),
            (.delete, "/api/v1/phase", "{}", .unsetPhase),
            (.post, "/api/v1/routes/guide/pause", "{}", .pause("guide")),
            (.post, "/api/v1/routes/a/b/c/resume", "{}", .resume("a/b/c")),
            (.post, "/api/v1/routes/guide/reconnect", "{}", .reconnect("guide")),
            (.post, "/api/v1/reload", "{}", .reload),
            (.post, "/api/v1/drain", "{}", .drain),
        ] as [(HTTPRequest.Method, String, String, ControlChange)])
    func `each change is asked of the proxy and its report told`(
        method: HTTPRequest.Method, path: String, body: String, change: ControlChange
    ) async throws {
        let client = APIClient()
        let reply = try await client.change(method, path, body: body)
        #expect(reply.status == 200)
        #expect(client.control.with { $0.performed.map(\.change) } == [change])
        let report = try AdminJSON.decode(ChangeAnswer.self, from: Data(reply.text.utf8))
        #expect(report.revision == 13)
        #expect(report.changed == ["\(FakeControl.subject(of: change)): done"])
        #expect(report.notes == ["look at it"])
        #expect(reply.field("ETag") == "\"13\"")
    }

    @Test(
        arguments: [(nil, nil, 200), ("*", nil, 200), ("\"12\"", 12, 200), ("\"11\"", 11, 412), ("\"13\"", 13, 412)]
            as [(String?, Int64?, Int)])
    func `a change on a stale state is refused, one without If-Match is not`(
        field: String?, revision: Int64?, status: Int
    ) async throws {
        let client = APIClient()
        let reply = try await client.change(.post, AdminPath.pause("guide"), field.map { ["If-Match": $0] } ?? [:])
        #expect(reply.status == status)
        let performed = client.control.with { $0.performed }
        #expect(performed.map(\.revision) == (status == 200 ? [revision] : []))
        if status == 412 {
            #expect(reply.code == "conflict")
            #expect(reply.json["revision"] as? Int == 12)
        }
    }

    @Test(arguments: ["12", "\"\"", "\"x\"", "W/\"12\"", "\"12\", \"13\"", "\"99999999999999999999\"", ""])
    func `an If-Match that no answer carried is refused`(field: String) async throws {
        let client = APIClient()
        let reply = try await client.change(.post, AdminPath.reload, ["If-Match": field])
        #expect(reply.status == 400)
        #expect(reply.code == "bad_parameter")
        #expect(client.control.with { $0.performed.isEmpty })
    }

    @Test func `of two writers with one revision, one wins`() async throws {
        let client = APIClient()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    try await client.change(.post, AdminPath.reload, ["If-Match": "\"12\""]).status
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.sorted() == [200, 412])
    }

    @Test func `the reason is kept, cleaned and cut`() async throws {
        let client = APIClient()
        let long = "Ünïcode\n\u{1B}[2J" + String(repeating: "x", count: 600)
        let body = String(decoding: try AdminJSON.encode(PhaseRequest(phase: "migrate", reason: long)), as: UTF8.self)
        #expect(try await client.change(.put, AdminPath.phase, body: body).status == 200)
        let reason = client.control.with { $0.performed.first?.author.reason } ?? ""
        #expect(reason.hasPrefix("Ünïcode[2Jxxx"))
        #expect(reason.count == 500)
    }

    @Test func `no state is changed by reading`() async throws {
        let client = APIClient()
        for operation in AdminAPI().operations where operation.method == .get {
            guard case .fixed(let path) = operation.path else { continue }
            _ = try await client.ask(.get, path)
        }
        #expect(client.control.with { $0.performed.isEmpty })
    }
}
