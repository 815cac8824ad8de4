import HTTPTypes
import ShuntControl
import ShuntCore
import ShuntTesting
import Testing

@Suite struct AccessTests {
    @Test(arguments: [
        ("localhost", true), ("LOCALHOST:9090", true), ("127.0.0.1:9090", true), ("[::1]:9090", true),
        ("10.1.2.3", true),
        ("admin.internal:9090", true), ("evil.example", false), ("localhost.evil.example:9090", false),
        ("127.0.0.1.evil.example", false), ("", false), (":9090", false), ("[::1", false), ("1.2.3.4/0", false),
        ("localhost.", false),
    ])
    func `without tokens the host must be an address, localhost or the one that is listened on`(
        host: String, admitted: Bool
    )
        async throws
    {
        var client = APIClient()
        client.settings.address = .tcp(host: "admin.internal", port: 9090)
        let reply = try await client.ask(.get, AdminPath.status, ["Host": host])
        #expect(reply.status == (admitted ? 200 : 403))
        #expect(reply.code == (admitted ? "" : "host_refused"))
    }

    @Test func `over a Unix socket any host will do`() async throws {
        var client = APIClient()
        client.settings.address = .unix(path: "admin.sock")
        #expect(try await client.ask(.get, AdminPath.status, ["Host": "%2Frun%2Fadmin.sock"]).status == 200)
    }

    @Test func `with tokens any host will do`() async throws {
        var client = APIClient()
        client.settings.readToken = "reader"
        let fields = ["Host": "shunt.example", "Authorization": "Bearer reader"]
        #expect(try await client.ask(.get, AdminPath.status, fields).status == 200)
    }

    @Test(
        arguments: [
            (nil, 401, 401), ("Bearer reader", 200, 403), ("Bearer writer", 200, 200), ("bearer writer", 200, 200),
            ("Bearer  writer", 401, 401), ("Bearer writer2", 401, 401), ("Bearer write", 401, 401),
            ("Bearer ", 401, 401),
            ("Bearer", 401, 401), ("Basic writer", 401, 401), ("writer", 401, 401), ("Bearer readerreader", 401, 401),
        ] as [(String?, Int, Int)])
    func `a token opens what its scope says`(field: String?, reading: Int, writing: Int) async throws {
        var client = APIClient()
        client.settings.readToken = "reader"
        client.settings.writeToken = "writer"
        let fields = field.map { ["Authorization": $0] } ?? [:]
        let read = try await client.ask(.get, AdminPath.status, fields)
        #expect(read.status == reading)
        let write = try await client.change(.post, AdminPath.reload, fields)
        #expect(write.status == writing)
        for reply in [read, write] where reply.status != 200 {
            #expect(reply.field("WWW-Authenticate")?.hasPrefix("Bearer realm=") == true)
            #expect(!reply.text.contains("writer") && !reply.text.contains("reader"))
        }
        #expect(client.control.with { $0.performed.count } == (writing == 200 ? 1 : 0))
    }

    @Test func `with a read token alone nothing can be changed`() async throws {
        var client = APIClient()
        client.settings.readToken = "reader"
        let reply = try await client.change(.post, AdminPath.reload, ["Authorization": "Bearer reader"])
        #expect(reply.status == 403)
        #expect(reply.code == "insufficient_scope")
        #expect(try await client.change(.post, AdminPath.reload, ["Authorization": "Bearer "]).status == 401)
    }

    @Test func `with a write token alone reading needs it too`() async throws {
        var client = APIClient()
        client.settings.writeToken = "writer"
        #expect(try await client.ask(.get, AdminPath.status).status == 401)
        #expect(try await client.ask(.get, AdminPath.status, ["Authorization": "Bearer writer"]).status == 200)
    }

    @Test func `an empty token opens nothing`() async throws {
        var client = APIClient()
        client.settings.readToken = ""
        client.settings.writeToken = "writer"
        #expect(try await client.ask(.get, AdminPath.status, ["Authorization": "Bearer "]).status == 401)
    }

    @Test func `who may not read is not told what there is`() async throws {
        var client = APIClient()
        client.settings.readToken = "reader"
        #expect(try await client.ask(.get, "/api/v1/nothing").status == 401)
        #expect(try await client.ask(.post, AdminPath.status).status == 401)
    }

    @Test func `health needs no token and no host`() async throws {
        var client = APIClient()
        client.settings.readToken = "reader"
        #expect(try await client.ask(.get, AdminPath.alive, ["Host": "probe.example"]).status == 200)
        #expect(try await client.ask(.get, AdminPath.ready, ["Host": "probe.example"]).status == 200)
    }

    @Test(arguments: [
        ("http://localhost", true), ("http://localhost:9090", false), ("https://evil.example", false), ("null", false),
        ("http://localhost.evil.example", false), ("nonsense", false),
    ])
    func `an origin must be this one`(origin: String, admitted: Bool) async throws {
        let client = APIClient()
        for reply in [
            try await client.change(.post, AdminPath.reload, ["Origin": origin]),
            try await client.ask(.get, AdminPath.status, ["Origin": origin]),
        ] {
            #expect(reply.status == (admitted ? 200 : 403))
            #expect(reply.code == (admitted ? "" : "cross_site"))
        }
    }

    @Test(arguments: [
        ("same-origin", "cors", 200, 200), ("none", "navigate", 200, 200), ("cross-site", "no-cors", 403, 403),
        ("same-site", "cors", 403, 403), ("cross-site", "navigate", 200, 403),
    ])
    func `a browser that says cross-site is refused, but a link may be followed`(
        site: String, mode: String, reading: Int, writing: Int
    ) async throws {
        let client = APIClient()
        let fields = ["Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode]
        #expect(try await client.ask(.get, AdminPath.status, fields).status == reading)
        #expect(try await client.change(.post, AdminPath.reload, fields).status == writing)
    }

    @Test(
        arguments: [
            (["Content-Type": "application/json"], "{}", 200),
            (["Content-Type": "Application/JSON; charset=utf-8"], "{}", 200),
            (["Content-Type": "application/json"], "", 400),
            (["X-Shunt-Client": "cli"], "", 200),
            (["X-Shunt-Client": "cli"], "{\"reason\":\"x\"}", 200),
            (
                ["X-Shunt-Client": "cli", "Content-Type": "application/x-www-form-urlencoded", "Content-Length": "0"],
                "", 200
            ),
            (["X-Shunt-Client": "cli", "Content-Type": "text/plain"], "{}", 415),
            (["Content-Type": "text/plain"], "{}", 415),
            (["Content-Type": "text/plain; application/json"], "{}", 415),
            (["Content-Type": "application/x-www-form-urlencoded"], "{}", 415),
            ([:], "{}", 415), ([:], "", 415),
        ] as [([String: String], String, Int)])
    func `a change needs JSON or a field that no page of another site can send`(
        fields: [String: String], body: String, status: Int
    ) async throws {
        let client = APIClient()
        #expect(try await client.ask(.post, AdminPath.reload, fields, body: body).status == status)
        #expect(client.control.with { $0.performed.count } == (status == 200 ? 1 : 0))
    }

    @Test(
        arguments: [
            (nil, "Bearer writer", "write"), ("anna", "Bearer writer", "anna"), ("  anna\t", "Bearer writer", "anna"),
            ("a\u{1B}[31mnna\u{202E}", "Bearer writer", "a [31mnna"), ("\u{7}", "Bearer writer", "write"),
            (String(repeating: "ä", count: 99), "Bearer writer", String(repeating: "ä", count: 64)),
        ] as [(String?, String, String)])
    func `the author is who the caller says, cleaned, else the token's scope`(
        name: String?, token: String, author: String
    ) async throws {
        var client = APIClient()
        client.settings.writeToken = "writer"
        var fields = ["Authorization": token]
        fields["X-Shunt-Author"] = name
        #expect(try await client.change(.post, AdminPath.reload, fields).status == 200)
        #expect(client.control.with { $0.performed.map(\.author.name) } == [author])
    }

    @Test func `without tokens the author is loopback`() async throws {
        let client = APIClient()
        #expect(try await client.change(.post, AdminPath.reload).status == 200)
        #expect(client.control.with { $0.performed.map(\.author.name) } == ["loopback"])
    }

    @Test(
        arguments: [
            ("127.0.0.1", nil, false), ("127.9.9.9", nil, false), ("::1", nil, false), ("localhost", nil, false),
            ("0.0.0.0", nil, true), ("::", nil, true), ("10.0.0.1", nil, true), ("shunt.internal", nil, true),
            ("0.0.0.0", "secret", false), ("localhost.example", nil, true),
        ] as [(String, String?, Bool)])
    func `a listener that others reach needs tokens`(host: String, token: String?, open: Bool) {
        var settings = AdminSettings()
        settings.address = .tcp(host: host, port: 9090)
        settings.writeToken = token
        #expect(settings.isOpenToOthers == open)
    }

    @Test func `a Unix socket is reached by this machine's users alone`() {
        var settings = AdminSettings()
        settings.address = .unix(path: "admin.sock")
        #expect(!settings.isOpenToOthers)
    }
}
