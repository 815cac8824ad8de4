import ShuntCore
import Testing

struct CredentialCase: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let query: String
    let headers: [Handshake.Field]
    let reading: CredentialReading

    init(
        _ description: String, query: String = "", _ headers: KeyValuePairs<String, String>,
        _ reading: CredentialReading
    ) {
        testDescription = description
        self.query = query
        self.headers = fields(headers)
        self.reading = reading
    }

    init(_ description: String, query: String, _ reading: CredentialReading) {
        self.init(description, query: query, [:], reading)
    }
}

private let query = ValueSource.query("session_token")
private let header = ValueSource.header("authorization")
private let cookie = ValueSource.cookie("session")

@Suite struct `Reading credentials` {
    @Test(arguments: [
        CredentialCase("query", query: "a=b&session_token=T", .token("T")),
        CredentialCase("query, percent-encoded", query: "session_token=a%2Fb%20c", .token("a/b c")),
        CredentialCase("plus is a space", query: "session_token=a+b", .token("a b")),
        CredentialCase("an encoded plus is a plus", query: "session_token=a%2Bb", .token("a+b")),
        CredentialCase("the name may be encoded too", query: "%73ession_token=T", .token("T")),
        CredentialCase("names compare with case", query: "Session_Token=T", .anonymous),
        CredentialCase("only & separates", query: "session_token=a;b=c", .token("a;b=c")),
        CredentialCase("a half escape stands for itself", query: "session_token=a%2&x", .token("a%2")),
        CredentialCase("no escape at all", query: "session_token=%ZZ", .token("%ZZ")),
        CredentialCase("no UTF-8: its bytes", query: "session_token=%FFz", .token(ByteString([0xFF, 0x7A]))),
        CredentialCase("= in the value", query: "session_token=a=b==", .token("a=b==")),
        CredentialCase("white space around", query: "session_token=%20T+", .token("T")),
        CredentialCase("bearer", ["Authorization": "Bearer T"], .token("T")),
        CredentialCase("bearer, any case, wide", ["authorization": "BEARER   T"], .token("T")),
        CredentialCase("a bare token", ["Authorization": "T"], .token("T")),
        CredentialCase("bearer of nothing", ["Authorization": "Bearer"], .anonymous),
        CredentialCase("bearer of undefined", ["Authorization": "Bearer undefined"], .anonymous),
        CredentialCase("another scheme is not for us", ["Authorization": "Basic dTpw"], .anonymous),
        CredentialCase(
            "nor does it contradict", query: "session_token=T", ["Authorization": "Basic dTpw"], .token("T")),
        CredentialCase("cookie", ["Cookie": "a=b; session=T; c=d"], .token("T")),
        CredentialCase("cookie in quotes", ["Cookie": "session=\"T\""], .token("T")),
        CredentialCase("cookies are not decoded", ["Cookie": "session=a%20b"], .token("a%20b")),
        CredentialCase("part of a cookie's name", ["Cookie": "my_session=T"], .anonymous),
        CredentialCase(
            "two places agree", query: "session_token=a%20b", ["Authorization": "Bearer a b"], .token("a b")),
        CredentialCase(
            "an absent one does not contradict", query: "session_token=undefined", ["Cookie": "session=T"],
            .token("T")),
    ])
    func `a token is found where clients carry it`(row: CredentialCase) {
        #expect(reading(row) == row.reading)
    }

    @Test(arguments: ["", "undefined", "null", "None", "anonymous", "%5Bobject%20Object%5D", "+null+", "%20"])
    func `a token that means nothing is none`(value: String) {
        #expect(reading(CredentialCase("", query: "session_token=\(value)", .anonymous)) == .anonymous)
    }

    @Test(arguments: ["Undefined", "NULL", "nullx", "none"])
    func `a token that only looks like one of those is a token`(value: String) {
        #expect(
            reading(CredentialCase("", query: "session_token=\(value)", .anonymous))
                == .token(ByteString(value)))
    }

    @Test(arguments: [
        CredentialCase("twice in the query", query: "session_token=a&session_token=b", .ambiguous(query, query)),
        CredentialCase("twice the same", query: "session_token=a&session_token=a", .ambiguous(query, query)),
        CredentialCase("twice, once encoded", query: "session_token=a&%73ession_token=a", .ambiguous(query, query)),
        CredentialCase("twice, once empty", query: "session_token=&session_token=a", .ambiguous(query, query)),
        CredentialCase(
            "two fields", ["Authorization": "Bearer a", "authorization": "Bearer a"], .ambiguous(header, header)),
        CredentialCase("two cookies", ["Cookie": "session=a; session=b"], .ambiguous(cookie, cookie)),
        CredentialCase(
            "two cookie fields", ["Cookie": "session=a", "cookie": "session=b"], .ambiguous(cookie, cookie)),
        CredentialCase(
            "query and header", query: "session_token=a", ["Authorization": "Bearer b"], .ambiguous(query, header)),
        CredentialCase(
            "query and cookie", query: "session_token=a", ["Cookie": "session=b"], .ambiguous(query, cookie)),
        CredentialCase(
            "two spellings of one character", query: "session_token=%C3%A9", ["Cookie": "session=e\u{301}"],
            .ambiguous(query, cookie)),
    ])
    func `a token given twice or differently is ambiguous`(row: CredentialCase) {
        #expect(reading(row) == row.reading)
    }

    @Test(arguments: ["a%0D%0Ab", "a%00", "%01", "a%7Fb"])
    func `a token with control characters is malformed`(value: String) {
        #expect(reading(CredentialCase("", query: "session_token=\(value)", .malformed)) == .malformed)
    }

    @Test func `where a token is required, none is missing`() {
        var settings = SessionSettings()
        settings.anonymousAllowed = false
        let none = Handshake(path: "/", query: "session_token=null", headers: [])
        #expect(CredentialReading(of: none, settings: settings) == .missing)
    }

    @Test func `the sources and the absent tokens are settings`() {
        var settings = SessionSettings()
        settings.token = [.header("X-Token"), .query("t")]
        settings.absent = ["guest"]
        let guest = Handshake(path: "/", query: "t=guest&session_token=x", headers: fields(["x-token": "guest"]))
        #expect(CredentialReading(of: guest, settings: settings) == .anonymous)
        let user = Handshake(path: "/", query: "t=undefined", headers: [])
        #expect(CredentialReading(of: user, settings: settings) == .token("undefined"))
        let raw = Handshake(path: "/", query: "", headers: fields(["X-TOKEN": " Bearer x "]))
        #expect(CredentialReading(of: raw, settings: settings) == .token("Bearer x"))
    }

    @Test func `by default the query alone says it: other tokens are somebody else's`() {
        let sent = fields(["Authorization": "Bearer gateway", "Cookie": "session=page"])
        func reading(_ query: String) -> CredentialReading {
            CredentialReading(
                of: Handshake(path: "/", query: query, headers: sent), settings: SessionSettings())
        }
        #expect(reading("session_token=T") == .token("T"))
        #expect(reading("") == .anonymous)
    }

    private func reading(_ row: CredentialCase) -> CredentialReading {
        let handshake = Handshake(path: "/api/ws/agent", query: row.query, headers: row.headers)
        var settings = SessionSettings()
        settings.token = [query, header, cookie]
        return CredentialReading(of: handshake, settings: settings)
    }
}

@Suite struct `Values of a handshake` {
    let handshake = Handshake(
        path: "/", query: "tenant=a%20b&x=1&tenant=c&&flag", headers: fields(["X-Tenant": " a ", "x-tenant": "b"]))

    @Test func `all of them, in order`() {
        #expect(ValueSource.query("tenant").values(in: handshake) == ["a b", "c"])
        #expect(ValueSource.query("flag").values(in: handshake) == [""])
        #expect(ValueSource.query("").values(in: handshake) == [])
        #expect(ValueSource.query("none").values(in: handshake) == [])
        #expect(ValueSource.header("X-TENANT").values(in: handshake) == ["a", "b"])
        #expect(ValueSource.cookie("tenant").values(in: handshake) == [])
    }
}

extension CredentialReading {
    fileprivate static func token(_ token: ByteString) -> Self { .found(Credential(token)) }
}
