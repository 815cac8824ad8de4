import Foundation
import HTTPTypes
import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntControl

@Suite struct `Usage answers` {
    @Test func `rows have the dimensions that were asked for, and no others`() async throws {
        let client = APIClient()
        let reply = try await client.ask(
            .get, AdminPath.usage + "?since=2026-11-01&by=app,day&endpoint=%2Fapi%2Fws%2Fguide")
        #expect(reply.status == 200)
        #expect(client.control.asked == ["usage 2026-11-01 /api/ws/guide app,day"])
        let row = try #require((reply.json["rows"] as? [[String: Any]])?.first)
        #expect(row["app"] as? String == "=HYPERLINK(\"x\")")
        #expect(row["day"] as? String == "2026-11-22")
        #expect(row["version"] == nil)
        #expect(row["sessions"] as? Int == 1)
        let verdict = try #require((reply.json["endpoints"] as? [[String: Any]])?.first)
        #expect(verdict["verdict"] as? String == "in use")
        #expect(reply.json["problem"] as? String == "the disk is full")
    }

    @Test(arguments: [("?format=csv&by=app,version", [:]), ("?by=app,version", ["Accept": "text/csv"])])
    func `CSV is quoted, and nothing in it is a formula`(query: String, fields: [String: String]) async throws {
        let reply = try await APIClient().ask(.get, AdminPath.usage + query, fields)
        #expect(reply.field("Content-Type")?.hasPrefix("text/csv") == true)
        #expect(
            reply.text == """
                endpoint,app,version,sockets,messages,replies,bytes_in,bytes_out,errors,sessions,first_seen,last_seen\r
                /api/ws/guide,"'=HYPERLINK(""x"")","2,1",2,30,29,900,1800,0,1,2026-11-22T12:00:00.000Z,\
                2026-11-22T12:00:00.000Z\r

                """)
    }

    @Test func `JSON is the answer where both would do`() async throws {
        for accept in ["*/*", "application/json, text/csv", "text/html"] {
            let reply = try await APIClient().ask(.get, AdminPath.usage, ["Accept": accept])
            #expect(reply.field("Content-Type") == "application/json")
        }
    }

    @Test(arguments: [
        ("=1+1", "'=1+1"), ("+x", "'+x"), ("-x", "'-x"), ("@x", "'@x"), ("  =x", "'  =x"), ("\tx", "'\tx"),
        ("a=b", "a=b"), ("", ""), ("a\"b", "\"a\"\"b\""), ("a\r\nb", "\"a\r\nb\""), ("＝x", "'＝x"),
        ("a;=x", "a;'=x"), ("a; =x", "a;' =x"), ("X11; Linux", "X11; Linux"), ("a ", "a "),
    ])
    func `a cell is safe`(text: String, cell: String) {
        #expect(UsageCSV.cell(text) == cell)
    }

    @Test(arguments: [
        "since=yesterday", "since=2026-02-30", "since=", "by=app,colour", "format=xml", "endpoint=a&endpoint=b",
    ])
    func `what makes no sense is refused`(query: String) async throws {
        let reply = try await APIClient().ask(.get, AdminPath.usage + "?" + query)
        #expect(reply.status == 400)
        #expect(reply.code == "bad_parameter")
    }

    @Test func `a ledger that cannot be read is said`() async throws {
        let client = APIClient()
        client.control.with { $0.problem = .store("shunt.db: broken") }
        let reply = try await client.ask(.get, AdminPath.usage)
        #expect(reply.code == "store_unavailable")
    }
}
