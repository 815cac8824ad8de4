import HTTPTypes
import ShuntControl
import ShuntCore
import Testing

@Suite struct DashboardPageTests {
    private var client: APIClient {
        var client = APIClient()
        client.extra = AdminAPI.dashboard
        return client
    }

    /// Every path that the dashboard is made of, but for the redirection.
    private var paths: [String] {
        AdminAPI.dashboard.compactMap { operation in
            guard case .fixed(let path) = operation.path, path != AdminPath.dashboard else { return nil }
            return path
        }
    }

    @Test func `every file says what it is, and may do nothing but ask this listener`() async throws {
        #expect(["/", "/dashboard/main.js", "/dashboard/dashboard.css"].allSatisfy(paths.contains))
        for path in paths {
            let reply = try await client.ask(.get, path)
            #expect(reply.status == 200 && !reply.text.isEmpty, "\(path)")
            let type =
                path == "/" ? "text/html" : path.hasSuffix(".css") ? "text/css" : "text/javascript"
            #expect(reply.field("Content-Type") == type + "; charset=utf-8", "\(path)")
            #expect(reply.field("X-Content-Type-Options") == "nosniff" && reply.field("X-Frame-Options") == "DENY")
            #expect(reply.field("Cache-Control") == "no-cache")
            let policy = reply.field("Content-Security-Policy") ?? ""
            #expect(
                policy.split(separator: ";").map { $0.trimmingPrefix(" ") } == [
                    "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
                    "img-src 'self' data:", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'",
                ])
        }
    }

    @Test func `the page names only files that there are, and scripts import only such`() async throws {
        for path in paths {
            let text = try await client.ask(.get, path).text
            let page = text.matches(of: /(?:src|href)="([^"#:]*)"/).map { "/" + String($0.1) }
            #expect(!text.contains(/(src|href)="\//) && !text.contains(/['"`]\/(api|dashboard)/), "\(path): relative")
            let imports = text.matches(of: /from '\.\/([^']+)'/).map { AdminPath.dashboard + "/" + String($0.1) }
            #expect((page + imports).filter { !paths.contains($0) } == [], "\(path)")
            #expect(!text.contains("innerHTML"), "\(path): text from elsewhere is never markup")
        }
    }

    @Test func `a file that the browser has already is not sent again`() async throws {
        let tag = try #require(try await client.ask(.get, "/").field("ETag"))
        for known in [tag, "W/" + tag, "\"other\", \(tag)", "*"] {
            let reply = try await client.ask(.get, "/", ["If-None-Match": known])
            #expect(reply.status == 304 && reply.text.isEmpty, "\(known)")
            #expect(reply.field("ETag") == tag)
        }
        #expect(try await client.ask(.get, "/", ["If-None-Match": "\"other\""]).status == 200)
        let tags = try await withThrowingTaskGroup(of: String?.self) { group in
            for path in paths { group.addTask { try await client.ask(.get, path).field("ETag") } }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(tags.count == paths.count)
    }

    @Test func `the page needs no token, and shows nothing that does`() async throws {
        var guarded = client
        guarded.settings.readToken = "reader"
        #expect(try await guarded.ask(.get, "/").status == 200)
        #expect(try await guarded.ask(.head, "/dashboard/main.js").text.isEmpty)
        #expect(try await guarded.ask(.post, "/").status == 401)
        #expect(try await guarded.ask(.get, "/dashboard/none.js").status == 401)
        #expect(try await client.ask(.get, "/dashboard/none.js").status == 404)
    }

    @Test func `the short path leads to the page`() async throws {
        let reply = try await client.ask(.get, AdminPath.dashboard)
        #expect(
            reply.status == 308 && reply.field("Location") == "./", "below whatever path a proxy in front has put it")
    }
}
