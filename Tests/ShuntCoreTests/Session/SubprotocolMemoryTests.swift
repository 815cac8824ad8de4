import ShuntCore
import Testing

@Suite struct `Subprotocols of endpoints that have moved` {
    @Test func `what the backend selected is selected, whoever comes`() {
        var memory = SubprotocolMemory()
        memory.see("chat.v1", of: ["chat.v2", "chat.v1"])
        #expect(memory.choice(of: ["chat.v2", "chat.v1"], preferred: []) == "chat.v1")
        #expect(memory.choice(of: ["chat.v2", "chat.v1"], preferred: ["chat.v2"]) == "chat.v1")
        memory.see("chat.v2", of: ["chat.v2", "chat.v1"])
        #expect(memory.choice(of: ["chat.v1", "chat.v2"], preferred: []) == "chat.v2", "the last choice counts")
        #expect(memory.choice(of: ["chat.v1"], preferred: []) == "chat.v1", "of those that are offered")
        #expect(memory.choice(of: [], preferred: ["chat.v1"]) == nil)
    }

    @Test func `a backend that selects none is remembered so`() {
        var memory = SubprotocolMemory()
        memory.see(nil, of: ["chat.v1"])
        #expect(memory.choice(of: ["chat.v1"], preferred: ["chat.v1"]) == nil)
        memory.see("chat.v1", of: ["chat.v1"])
        #expect(memory.choice(of: ["chat.v1"], preferred: []) == "chat.v1")
        memory.see(nil, of: ["chat.v1"])
        #expect(memory.choice(of: ["chat.v1"], preferred: []) == nil, "it has learnt otherwise")
    }

    @Test func `before anything is known it is the first preferred one that is offered, else the first offered`() {
        let memory = SubprotocolMemory()
        #expect(memory.choice(of: ["b", "a"], preferred: ["a", "b"]) == "a")
        #expect(memory.choice(of: ["b", "a"], preferred: ["x"]) == "b")
        #expect(memory.choice(of: [], preferred: ["x"]) == nil)
    }

    @Test func `a client that offers nothing teaches nothing, and memory is bounded`() {
        var memory = SubprotocolMemory()
        memory.see(nil, of: [])
        #expect(memory == SubprotocolMemory())
        for number in 0..<100 { memory.see("p\(number)", of: ["p\(number)"]) }
        #expect(memory.choice(of: ["p0"], preferred: []) == "p0", "the first offered, for it is forgotten")
        #expect(memory.choice(of: ["p0", "p99"], preferred: []) == "p99")
        #expect(memory.choice(of: ["p0", "p\(100 - SubprotocolMemory.most - 1)"], preferred: []) == "p0")
    }

    @Test func `an offer is read over all fields, and what is no token is not offered`() {
        let headers = fields(["Sec-WebSocket-Protocol": "a, b b,, c", "sec-websocket-protocol": " d "])
        #expect(Handshake(path: "/", query: "", headers: headers).subprotocols == ["a", "c", "d"])
    }
}
