import Foundation
import HTTPTypes
import ShuntControl
import ShuntCore
import ShuntTesting
import Testing

/// The document is walked, and everything that it promises is asked of the responder.
@Suite struct DocumentTests {
    /// An operation as the document has it.
    private struct Documented {
        var id: String
        var method: HTTPRequest.Method
        var path: String
        var members: [String: Any]

        var responses: [String: [String: Any]] { members["responses"] as? [String: [String: Any]] ?? [:] }
        var isChange: Bool { method != .get }
        /// With the name of a route that there is.
        var concrete: String { path.replacing("{name}", with: "liaison%2Fcontent") }

        func schema(_ status: Int, _ type: String) -> [String: Any]? {
            let content = responses[String(status)]?["content"] as? [String: [String: Any]]
            return content?[type]?["schema"] as? [String: Any]
        }
    }

    private func document() async throws -> (SchemaCheck, [Documented]) {
        let reply = try await APIClient().ask(.get, AdminPath.document)
        #expect(reply.status == 200)
        let paths = try #require(reply.json["paths"] as? [String: [String: [String: Any]]])
        let operations = paths.flatMap { path, methods in
            methods.compactMap { name, members in
                HTTPRequest.Method(name.uppercased()).map {
                    Documented(id: members["operationId"] as? String ?? "", method: $0, path: path, members: members)
                }
            }
        }
        return (SchemaCheck(document: reply.json), operations)
    }

    /// A body made of what the schema asks for.
    private func body(of operation: Documented, _ check: SchemaCheck) throws -> String {
        let content = (operation.members["requestBody"] as? [String: Any])?["content"] as? [String: [String: Any]]
        let reference = try #require(content?["application/json"]?["schema"] as? [String: Any])
        let schema = try #require(check.resolve(reference["$ref"] as? String ?? ""))
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        var members: [String: Any] = ["reason": "a test"]
        for name in schema["required"] as? [String] ?? [] {
            let values = properties[name]?["enum"] ?? properties[name]?["examples"]
            members[name] = try #require((values as? [String])?.first)
        }
        #expect(check.complaints(members, schema).isEmpty)
        return String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self)
    }

    private func ask(
        _ operation: Documented, _ check: SchemaCheck, _ client: APIClient, _ fields: [String: String] = [:]
    ) async throws -> APIClient.Reply {
        guard operation.isChange else { return try await client.ask(operation.method, operation.concrete, fields) }
        return try await client.change(
            operation.method, operation.concrete, fields, body: try body(of: operation, check))
    }

    /// A problem must be one that the document lists for the operation, in its shape.
    private func expectDocumented(_ reply: APIClient.Reply, _ operation: Documented, _ check: SchemaCheck) throws {
        let schema = try #require(
            operation.schema(reply.status, "application/problem+json"), "\(operation.id) answers \(reply.status)")
        #expect(check.complaints(reply.json, schema).isEmpty, "\(check.complaints(reply.json, schema))")
        let types = operation.responses[String(reply.status)]?["description"] as? String ?? ""
        #expect(types.contains("/problems/" + reply.code), "\(operation.id) answers \(reply.code)")
        #expect(reply.field("Content-Type") == "application/problem+json")
    }

    @Test func `every operation answers as the document says`() async throws {
        let (check, operations) = try await document()
        #expect(operations.count == AdminAPI().operations.count)
        for operation in operations {
            let client = APIClient()
            client.control.tell(SampleReports.event(1))
            let reply = try await ask(operation, check, client)
            #expect(reply.status == 200, "\(operation.id): \(reply.text)")
            #expect(reply.field("Content-Type") == "application/json")
            let schema = try #require(operation.schema(200, "application/json"))
            guard operation.id != "document" else { continue }
            let complaints = check.complaints(reply.json, schema)
            #expect(complaints.isEmpty, "\(operation.id): \(complaints)")
        }
    }

    @Test func `optional members fit the document too, and lists may be empty`() async throws {
        let (check, operations) = try await document()
        let client = APIClient()
        client.control.with {
            $0.status.lastReload = nil
            $0.status.storeProblem = nil
            $0.routes = []
        }
        for operation in operations where ["status", "routes"].contains(operation.id) {
            let reply = try await ask(operation, check, client)
            #expect(check.complaints(reply.json, try #require(operation.schema(200, "application/json"))).isEmpty)
        }
    }

    @Test func `every problem that an operation answers with is in the document`() async throws {
        let (check, operations) = try await document()
        let problems: [ControlProblem] = [
            .conflict(seen: 1, now: 2), .notPossible("no"), .store("full"), .stopping,
        ]
        for operation in operations {
            var guarded = APIClient()
            guarded.settings.readToken = "reader"
            var replies = [
                try await ask(operation, check, guarded),
                try await ask(operation, check, guarded, ["Authorization": "Bearer x"]),
                try await ask(operation, check, APIClient(), ["Origin": "https://evil.example"]),
                try await ask(operation, check, APIClient(), ["Host": "evil.example"]),
            ]
            if operation.isChange {
                replies.append(try await ask(operation, check, guarded, ["Authorization": "Bearer reader"]))
                replies.append(try await ask(operation, check, APIClient(), ["If-Match": "x"]))
                replies.append(try await ask(operation, check, APIClient(), ["Content-Type": "text/plain"]))
                for body in ["{", #"{"x":1}"#, String(repeating: " ", count: 70_000)] {
                    replies.append(try await APIClient().change(operation.method, operation.concrete, body: body))
                }
                var possible = problems
                if operation.path.contains("{name}") { possible.append(.unknownRoute("x", meant: "y")) }
                if operation.id == "reload" { possible += [.busy, .badFile(["a:1:1: b"])] }
                for problem in possible {
                    let client = APIClient()
                    client.control.with { $0.problem = problem }
                    replies.append(try await ask(operation, check, client))
                }
            }
            for reply in replies where reply.status != 200 { try expectDocumented(reply, operation, check) }
            let refused = replies.filter { $0.status != 200 }.count
            #expect(refused == replies.count || ["alive", "ready"].contains(operation.id), "\(operation.id)")
        }
    }

    @Test func `the document is sound in itself`() async throws {
        let (check, operations) = try await document()
        #expect(check.document["openapi"] as? String == "3.1.0")
        #expect(Set(operations.map(\.id)).count == operations.count)
        for operation in operations {
            let parameters = operation.members["parameters"] as? [[String: Any]] ?? []
            let inPath = parameters.filter { $0["in"] as? String == "path" }.compactMap { $0["name"] as? String }
            #expect(inPath == (operation.path.contains("{name}") ? ["name"] : []))
            #expect(operation.responses["200"] != nil)
            #expect((operation.members["summary"] as? String)?.hasSuffix(".") == true)
        }
        let text = try await APIClient().ask(.get, AdminPath.document).text
        for reference in text.matches(of: /"\$ref":"([^"]+)"/) {
            #expect(check.resolve(String(reference.1)) != nil, "\(reference.1)")
        }
    }

    @Test func `the page about the API explains every path and every kind of problem`() async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appending(path: "Sources/shunt/Documentation.docc/AdminAPI.md"), encoding: .utf8)
        #expect(ProblemCode.allCases.map(\.rawValue).filter { !page.contains("`\($0)`") } == [])
        let (_, operations) = try await document()
        let words = operations.compactMap { $0.path.split(separator: "/").last.map(String.init) }
        #expect(words.filter { !page.contains($0) } == [])
    }

    @Test func `paths of the client's side are paths of the document`() async throws {
        let (_, operations) = try await document()
        let paths = Set(operations.map(\.concrete))
        let name = "liaison/content"
        for path in [
            AdminPath.status, AdminPath.routes, AdminPath.phase, AdminPath.pools, AdminPath.sessions, AdminPath.events,
            AdminPath.audit, AdminPath.usage, AdminPath.reload, AdminPath.drain, AdminPath.document, AdminPath.alive,
            AdminPath.ready,
            AdminPath.route(name), AdminPath.override(of: name), AdminPath.pause(name), AdminPath.resume(name),
            AdminPath.reconnect(name),
        ] {
            #expect(paths.contains(path), "\(path)")
        }
    }
}
