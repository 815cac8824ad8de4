import ShuntCore
import Testing

@Suite struct `Path patterns` {
    @Test(
        arguments: [
            ("/api/ws/liaison/{pillar}", "/api/ws/liaison/other", ["pillar": "other"]),
            ("/api/ws/liaison/{pillar}", "/api/ws/liaison/gr%C3%B6n%20x", ["pillar": "gr%C3%B6n%20x"]),
            ("/api/ws/liaison/{pillar}", "/api/ws/liaison/v1.2..", ["pillar": "v1.2.."]),
            ("/api/ws/liaison/{pillar}", "/api/ws/liaison/gr%F6n", ["pillar": "gr%F6n"]),
            ("/api/ws/liaison/{pillar}", "/api/ws/liaison/e\u{301}", ["pillar": "e\u{301}"]),
            ("/caf\u{E9}/{a}", "/cafe\u{301}/x", nil),
            ("/api/ws/liaison/{pillar}", "/api/ws/liaison/", nil), ("/api/ws/liaison/{pillar}", "/api/ws/liaison", nil),
            ("/api/ws/liaison/{pillar}", "/api/ws/liaison/a/b", nil),
            ("/api/ws/liaison/{pillar}", "/api/ws/Liaison/a", nil),
            ("/{a}/x/{b}", "/1/x/2", ["a": "1", "b": "2"]), ("/{a}/x/{b}", "/1/y/2", nil), ("/plain", "/plain", [:]),
            ("/x{a}", "/xy", nil), ("/x{a}", "/x{a}", [:]), ("/{a}", "", nil), ("/{a}", "/{a}", ["a": "{a}"]),
        ] as [(String, String, [String: String]?)])
    func `a placeholder is one whole segment that is not empty`(
        pattern: String, path: String, values: [String: String]?
    ) {
        let found = PathPattern(pattern).values(in: ByteString(path))
        #expect(found == values?.mapValues { ByteString($0) })
    }

    @Test(arguments: [
        ".", "..", "%2e", "%2E%2e", ".%2e", "..;x=1", "%2e%2e%3Bx", "a%2Fb", "..%2f..%2fadmin", "a%5Cb", "a\\b", "a%00",
        "%0d%0aX: y", "%C0%AE%C0%AE", "x%C0%AFy", "%E0%80%AE", "%F0%80%80%AF", ";x", "..;%CC%81", "..%3B%E2%80%8D",
        "..%3Fx", "..%23",
    ])
    func `what a server may take for another path is no value`(segment: String) {
        #expect(PathPattern("/ws/{pillar}").values(in: ByteString("/ws/\(segment)")) == nil)
        #expect(PathPattern("/ws/{pillar}/x").values(in: ByteString("/ws/\(segment)/x")) == nil)
    }

    @Test(arguments: [
        ("/ws/{pillar}", ["pillar": "content"], "/ws/content"), ("/ws/{other}", ["pillar": "content"], "/ws/{other}"),
        ("/ws/{a}/{b}", ["a": "{b}", "b": "2"], "/ws/{b}/2"), ("/ws", [:], "/ws"), ("", [:], ""),
    ])
    func `values are filled in once, as they are`(path: String, values: [String: String], filled: String) {
        #expect(PathPattern.fill(path, values.mapValues { ByteString($0) }) == ByteString(filled))
    }
}

@Suite struct `Greetings from a template` {
    @Test(arguments: [
        (#"{"type":"welcome","to":"{session}"}"#, ["session": "s1"], #"{"type":"welcome","to":"s1"}"#),
        (#"{"a":"{session}{session}"}"#, ["session": "x"], #"{"a":"xx"}"#),
        (#"{"a":"{nothing}"}"#, ["session": "x"], #"{"a":"{nothing}"}"#),
        (#"{"a":{"b":{}}}"#, ["session": "x"], #"{"a":{"b":{}}}"#),
        (#"{"a":"{session}"}"#, ["session": #"q"\"# + "\n"], #"{"a":"q\"\\\n"}"#),
        (#"{"a":"{session}"}"#, ["session": "{session}"], #"{"a":"{session}"}"#),
        ("{", ["": "x"], "{"), ("{}", [:], "{}"), ("", [:], ""),
    ])
    func `placeholders are filled in and escaped, other braces stay`(
        template: String, values: [String: String], filled: String
    ) {
        let found = ConnectTemplate(template).filled(values.mapValues { Array($0.utf8) })
        #expect(String(decoding: found, as: UTF8.self) == filled)
    }
}

@Suite struct `The table of endpoints` {
    /// What a path means: the name of its route, `unified`, or nothing.
    private func meaning(_ path: String, _ table: RoutingTable) -> String? {
        switch table.endpoints.match(ByteString(path)) {
        case .unified: "unified"
        case .legacy(let endpoint): endpoint.route.name
        case nil: nil
        }
    }

    private func table() throws -> RoutingTable {
        try RoutingTable(
            .migration {
                $0.addressing.paths = ["/api/ws/agent", "/api/ws/agent/api/ws/agent"]
                $0.upstreams.append(UpstreamSettings(name: "liaison/{pillar}", address: .test("/liaison/{pillar}")))
                var unlisted = UnlistedEndpointSettings(
                    name: "liaison/{pillar}", path: "/api/ws/liaison/{pillar}", upstream: 4)
                unlisted.aliases = ["/old/{pillar}"]
                $0.unlisted = [unlisted]
            })
    }

    @Test(
        arguments: [
            ("/api/ws/agent", "unified"), ("/api/ws/agent/api/ws/agent", "unified"), ("/api/ws/guide", "guide"),
            ("/api/ws/agent/api/ws/guide", "guide"), ("/api/ws/liaison/content", "liaison/content"),
            ("/api/ws/liaison/other", "liaison/{pillar}"), ("/old/x", "liaison/{pillar}"),
            ("/old/content", "liaison/{pillar}"),
            ("/api/ws/liaison/", nil), ("/api/ws/liaison/a/b", nil), ("/api/ws/guide/", nil), ("/API/ws/guide", nil),
            ("", nil),
        ] as [(String, String?)])
    func `what is written out counts before a pattern, and aliases mean the same`(
        path: String, means: String?
    ) throws {
        #expect(try meaning(path, table()) == means)
    }

    @Test func `an endpoint is found again by its own path, an unlisted one by its pattern`() throws {
        let table = try table()
        #expect(table.endpoints.endpoint(at: "/api/ws/guide")?.route.name == "guide")
        #expect(table.endpoints.endpoint(at: "/api/ws/liaison/{pillar}")?.route.index == -1)
        #expect(table.endpoints.endpoint(at: "/api/ws/liaison/other") == nil)
        #expect(table.route(named: "liaison/{pillar}") == nil, "no message can name it")
    }

    @Test func `two endpoints on one path are refused`() throws {
        #expect(throws: TableProblem.samePath(route: 1, path: "/api/ws/guide", name: "guide")) {
            try RoutingTable(.migration { $0.routes[1].endpoint?.aliases = ["/api/ws/guide"] })
        }
        #expect(throws: TableProblem.samePath(route: 2, path: "/api/ws/agent", name: "the unified endpoint")) {
            try RoutingTable(.migration { $0.routes[2].endpoint?.path = "/api/ws/agent" })
        }
        #expect(throws: Never.self, "the same one twice is only said twice") {
            try RoutingTable(.migration { $0.routes[0].endpoint?.aliases = ["/api/ws/guide", "/api/ws/guide"] })
        }
    }

    @Test func `rules that cannot be compiled are refused with their route`() throws {
        #expect(throws: TableProblem.self) {
            try RoutingTable(.migration { $0.routes[1].endpoint?.toLegacy.unwrap = "data" })
        }
        #expect(throws: Never.self, "without a unified upstream nothing is ever brought back") {
            try RoutingTable(
                .migration {
                    $0.unified = nil
                    $0.routes[1].endpoint?.toLegacy.unwrap = "data"
                })
        }
    }
}
