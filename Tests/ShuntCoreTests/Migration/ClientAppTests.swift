import ShuntCore
import Testing

@Suite struct `Client apps` {
    private func app(
        _ query: String = "", _ headers: KeyValuePairs<String, String> = [:], naming: ClientNaming = ClientNaming()
    ) -> ClientApp {
        ClientApp(Handshake(path: "/", query: query, headers: fields(headers)), naming: naming)
    }

    @Test func `the first source that says something counts`() {
        let headers: KeyValuePairs = ["User-Agent": "python-websockets/12.0 (Linux)", "X-Client-Name": "desk"]
        #expect(app("client=web&client_version=3", headers) == ClientApp(name: "web", version: "3"))
        #expect(app("client=", headers) == ClientApp(name: "desk", version: ""))
        #expect(app("client=a%20b") == ClientApp(name: "a b", version: ""))
        #expect(app().name == "")
    }

    @Test(arguments: [
        ("python-websockets/12.0 (Linux)", "python-websockets", "12.0"),
        ("Mozilla/5.0 (X11) Chrome/1", "Mozilla", "5.0"),
        ("curl", "curl", ""), ("", "", ""), ("   x/1", "x", "1"), ("/", "", ""), ("a/b/c", "a", "b/c"),
    ])
    func `the user agent's first product stands in for a name`(agent: String, name: String, version: String) {
        var naming = ClientNaming()
        naming.version.append(.userAgent)
        let found = app("", ["User-Agent": agent], naming: naming)
        #expect(found.name == ByteString(name))
        #expect(found.version == ByteString(version))
    }

    @Test(arguments: [
        ("client=a%0d%0ab%00c%7f", "abc"), ("client=%C2%85x", "x"),
        ("client=" + String(repeating: "x", count: 5000), String(repeating: "x", count: 64)),
        ("client=" + String(repeating: "%C3%A9", count: 60), String(repeating: "é", count: 32)),
        ("client=" + String(repeating: "%F0%9F%98%80", count: 40), String(repeating: "😀", count: 16)),
    ])
    func `hostile text is cut between characters and loses its controls`(query: String, name: String) {
        let found = app(query).name
        #expect(found == ByteString(name))
        #expect(found.count <= ClientApp.longest)
    }

    @Test func `apps that differ in one byte are two, and people see which`() {
        let names = ["client=M%FCller", "client=M%F6ller", "client=%C3%A9", "client=e%CC%81"].map { app($0).name }
        #expect(Set(names).count == 4)
        let keys = names.map { UsageKey(endpoint: "/", route: "guide", app: $0.description) }
        #expect(Set(keys).count == 4)
        #expect(keys.map(\.app).prefix(2) == [#"M\xFCller"#, #"M\xF6ller"#])
        #expect(ClientOverride(app: "caf\u{E9}*", servedBy: .unified).matches(app: "caf\u{E9}-1"))
        #expect(!ClientOverride(app: "caf\u{E9}*", servedBy: .unified).matches(app: "cafe\u{301}-1"))
    }

    @Test(arguments: ["client=%FF%FE", "client=%", "client=%E2%82", "client=a%00", "client=%ED%A0%80"])
    func `bytes that are no text do no harm`(query: String) {
        #expect(app(query).name.count <= ClientApp.longest)
    }
}
