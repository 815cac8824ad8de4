import ShuntCore
import Testing

struct AdmissionCase: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let query: String
    let headers: [Handshake.Field]
    let identity: ClientIdentity

    init(
        _ description: String, query: String = "", _ headers: KeyValuePairs<String, String>, _ identity: ClientIdentity
    ) {
        testDescription = description
        self.query = query
        self.headers = fields(headers)
        self.identity = identity
    }

    init(_ description: String, query: String, _ identity: ClientIdentity) {
        self.init(description, query: query, [:], identity)
    }
}

private let query = ValueSource.query("session_token")
private let header = ValueSource.header("authorization")
private let cookie = ValueSource.cookie("session")

@Suite struct `Admission of clients` {
    @Test(arguments: [
        AdmissionCase("query", query: "a=b&session_token=T", .session(token: "T")),
        AdmissionCase("query, percent-encoded", query: "session_token=a%2Fb%20c", .session(token: "a/b c")),
        AdmissionCase("plus is a space", query: "session_token=a+b", .session(token: "a b")),
        AdmissionCase("an encoded plus is a plus", query: "session_token=a%2Bb", .session(token: "a+b")),
        AdmissionCase("the name may be encoded too", query: "%73ession_token=T", .session(token: "T")),
        AdmissionCase("names compare with case", query: "Session_Token=T", .anonymous),
        AdmissionCase("only & separates", query: "session_token=a;b=c", .session(token: "a;b=c")),
        AdmissionCase("a half escape stands for itself", query: "session_token=a%2&x", .session(token: "a%2")),
        AdmissionCase("no escape at all", query: "session_token=%ZZ", .session(token: "%ZZ")),
        AdmissionCase("no UTF-8: its bytes", query: "session_token=%FFz", .session(token: ByteString([0xFF, 0x7A]))),
        AdmissionCase("= in the value", query: "session_token=a=b==", .session(token: "a=b==")),
        AdmissionCase("white space around", query: "session_token=%20T+", .session(token: "T")),
        AdmissionCase("bearer", ["Authorization": "Bearer T"], .session(token: "T")),
        AdmissionCase("bearer, any case, wide", ["authorization": "BEARER   T"], .session(token: "T")),
        AdmissionCase("a bare token", ["Authorization": "T"], .session(token: "T")),
        AdmissionCase("bearer of nothing", ["Authorization": "Bearer"], .anonymous),
        AdmissionCase("bearer of undefined", ["Authorization": "Bearer undefined"], .anonymous),
        AdmissionCase("another scheme is not for us", ["Authorization": "Basic dTpw"], .anonymous),
        AdmissionCase(
            "nor does it contradict", query: "session_token=T", ["Authorization": "Basic dTpw"], .session(token: "T")),
        AdmissionCase("cookie", ["Cookie": "a=b; session=T; c=d"], .session(token: "T")),
        AdmissionCase("cookie in quotes", ["Cookie": "session=\"T\""], .session(token: "T")),
        AdmissionCase("cookies are not decoded", ["Cookie": "session=a%20b"], .session(token: "a%20b")),
        AdmissionCase("part of a cookie's name", ["Cookie": "my_session=T"], .anonymous),
        AdmissionCase(
            "two places agree", query: "session_token=a%20b", ["Authorization": "Bearer a b"], .session(token: "a b")),
        AdmissionCase(
            "an absent one does not contradict", query: "session_token=undefined", ["Cookie": "session=T"],
            .session(token: "T")),
    ])
    func `a token is found where clients carry it`(row: AdmissionCase) {
        #expect(identity(row) == row.identity)
    }

    @Test(arguments: ["", "undefined", "null", "None", "anonymous", "%5Bobject%20Object%5D", "+null+", "%20"])
    func `a token that means nothing is none`(value: String) {
        #expect(identity(AdmissionCase("", query: "session_token=\(value)", .anonymous)) == .anonymous)
    }

    @Test(arguments: ["Undefined", "NULL", "nullx", "none"])
    func `a token that only looks like one of those is a token`(value: String) {
        #expect(
            identity(AdmissionCase("", query: "session_token=\(value)", .anonymous))
                == .session(token: ByteString(value)))
    }

    @Test(arguments: [
        AdmissionCase("twice in the query", query: "session_token=a&session_token=b", .ambiguous(query, query)),
        AdmissionCase("twice the same", query: "session_token=a&session_token=a", .ambiguous(query, query)),
        AdmissionCase("twice, once encoded", query: "session_token=a&%73ession_token=a", .ambiguous(query, query)),
        AdmissionCase("twice, once empty", query: "session_token=&session_token=a", .ambiguous(query, query)),
        AdmissionCase(
            "two fields", ["Authorization": "Bearer a", "authorization": "Bearer a"], .ambiguous(header, header)),
        AdmissionCase("two cookies", ["Cookie": "session=a; session=b"], .ambiguous(cookie, cookie)),
        AdmissionCase("two cookie fields", ["Cookie": "session=a", "cookie": "session=b"], .ambiguous(cookie, cookie)),
        AdmissionCase(
            "query and header", query: "session_token=a", ["Authorization": "Bearer b"], .ambiguous(query, header)),
        AdmissionCase("query and cookie", query: "session_token=a", ["Cookie": "session=b"], .ambiguous(query, cookie)),
        AdmissionCase(
            "two spellings of one character", query: "session_token=%C3%A9", ["Cookie": "session=e\u{301}"],
            .ambiguous(query, cookie)),
    ])
    func `a token given twice or differently is ambiguous`(row: AdmissionCase) {
        #expect(identity(row) == row.identity)
    }

    @Test(arguments: ["a%0D%0Ab", "a%00", "%01", "a%7Fb"])
    func `a token with control characters is malformed`(value: String) {
        #expect(identity(AdmissionCase("", query: "session_token=\(value)", .malformed)) == .malformed)
    }

    @Test func `where a token is required, none is missing`() {
        var settings = SessionSettings()
        settings.anonymousAllowed = false
        let none = Handshake(path: "/", query: "session_token=null", headers: [])
        #expect(ClientAdmission.identity(of: none, settings: settings) == .missing)
    }

    @Test func `the sources and the absent tokens are settings`() {
        var settings = SessionSettings()
        settings.token = [.header("X-Token"), .query("t")]
        settings.absent = ["guest"]
        let guest = Handshake(path: "/", query: "t=guest&session_token=x", headers: fields(["x-token": "guest"]))
        #expect(ClientAdmission.identity(of: guest, settings: settings) == .anonymous)
        let user = Handshake(path: "/", query: "t=undefined", headers: [])
        #expect(ClientAdmission.identity(of: user, settings: settings) == .session(token: "undefined"))
        let raw = Handshake(path: "/", query: "", headers: fields(["X-TOKEN": " Bearer x "]))
        #expect(ClientAdmission.identity(of: raw, settings: settings) == .session(token: "Bearer x"))
    }

    @Test func `by default the query alone says it: other tokens are somebody else's`() {
        let sent = fields(["Authorization": "Bearer gateway", "Cookie": "session=page"])
        func identity(_ query: String) -> ClientIdentity {
            ClientAdmission.identity(
                of: Handshake(path: "/", query: query, headers: sent), settings: SessionSettings())
        }
        #expect(identity("session_token=T") == .session(token: "T"))
        #expect(identity("") == .anonymous)
    }

    private func identity(_ row: AdmissionCase) -> ClientIdentity {
        let handshake = Handshake(path: "/api/ws/agent", query: row.query, headers: row.headers)
        var settings = SessionSettings()
        settings.token = [query, header, cookie]
        return ClientAdmission.identity(of: handshake, settings: settings)
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
