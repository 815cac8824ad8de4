import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntRuntime

/// Between the two steps of a handshake a validator may take its time.
@Suite struct ValidationTests {
    /// A validator that answers when the test says so.
    private final class Validator {
        private(set) var asked: [Credential?] = []
        private var answers: [(CredentialVerdict) -> Void] = []

        var validate: OpeningHandshake.Validate {
            { candidate, answer in
                self.asked.append(candidate.credential)
                self.answers.append(answer)
            }
        }

        func answer(_ index: Int = 0, _ claims: Claims = .none) { answers[index](.good(claims)) }
    }

    private func frame(_ message: String) -> [UInt8] {
        WireSocket.bytes(1, Array(#"{"agent_type":"guide","message":"\#(message)"}"#.utf8), masked: true)
    }

    @Test(arguments: ["/api/ws/agent", "/api/ws/guide"])
    func `nothing of a client is lost while its credential is validated`(path: String) throws {
        let world = try FakeWorld { $0.routes[0].endpoint = EndpointSettings(path: "/api/ws/guide") }
        let validator = Validator()
        let (first, second) = (frame("1"), frame("2"))
        let client = try world.arriving(
            target: path + "?session_token=T", behind: first + second.prefix(5), validate: validator.validate)
        client.say(Array(second.dropFirst(5)))
        world.run()
        #expect(validator.asked == [Credential("T")])
        #expect(client.read().isEmpty)
        #expect(world.undialled)
        #expect(client.unheard == second.count - 5, "what waits, waits in the system")
        validator.answer()
        let upstream = try world.upstream()
        #expect(client.unheard == 0)
        #expect(client.text().hasPrefix("HTTP/1.1 101 "))
        var sent = upstream.frames()
        while sent.count < 2 {
            upstream.say(#"{"type":"response","message":"r"}"#, masked: false)
            world.run()
            let more = upstream.frames()
            if more.isEmpty { break }
            sent += more
        }
        let texts = sent.map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(texts.count == 2)
        #expect(zip(texts, ["1", "2"]).allSatisfy { $0.contains(#""message":"\#($1)""#) }, "\(texts)")
    }

    @Test func `sockets that a validator takes for one session are one`() throws {
        let world = try FakeWorld()
        let validator = Validator()
        for (index, token) in ["T1", "T2"].enumerated() {
            _ = try world.arriving(target: "/api/ws/agent?session_token=\(token)", validate: validator.validate)
            validator.answer(index, Claims(session: ClaimValue(text: "anna")))
        }
        _ = try world.client(target: "/api/ws/agent?session_token=anna")
        world.run()
        #expect(world.worker.switchboard.census.clients == 3)
        #expect(world.worker.switchboard.census.sessions == 2, "a token is no session id")
        #expect(world.worker.process.sessions.count == 2)
    }

    @Test func `the time of a handshake counts on, and an answer that comes too late changes nothing`() throws {
        let world = try FakeWorld { $0.limits.handshakeTimeout = .seconds(10) }
        let validator = Validator()
        let client = try world.arriving(target: "/api/ws/agent?session_token=T", validate: validator.validate)
        world.pass(.seconds(9))
        #expect(client.read().isEmpty)
        world.pass(.seconds(2))
        #expect(client.text().hasPrefix("HTTP/1.1 408 "))
        validator.answer()
        world.pass(.seconds(10))
        #expect(client.read().isEmpty)
        expectNobody(world)
    }

    @Test func `a stop refuses who is being validated`() throws {
        let world = try FakeWorld()
        let validator = Validator()
        let client = try world.arriving(target: "/api/ws/agent?session_token=T", validate: validator.validate)
        world.worker.drain(DrainSettings())
        world.pass(.seconds(1))
        #expect(client.text().hasPrefix("HTTP/1.1 503 "))
        validator.answer()
        world.pass(.seconds(10))
        expectNobody(world)
    }

    @Test(arguments: [true, false])
    func `an answer about a client that is gone, and a second one, change nothing`(isReset: Bool) throws {
        let world = try FakeWorld()
        let validator = Validator()
        let gone = try world.arriving(target: "/api/ws/agent?session_token=T", validate: validator.validate)
        if isReset { gone.reset() } else { gone.close() }
        world.run()
        validator.answer()
        world.run()
        // Who only says no more has been a client for a moment, and the session is kept for a while.
        expectNobody(world, sessions: isReset ? 0 : 1)
        _ = try world.arriving(target: "/api/ws/agent?session_token=T", validate: validator.validate)
        validator.answer(1)
        validator.answer(1)
        world.run()
        #expect(world.worker.switchboard.census.clients == 1)
        #expect(world.worker.process.admission.count == 1)
    }

    private func expectNobody(_ world: FakeWorld, sessions: Int = 0) {
        #expect(world.worker.switchboard.census.clients == 0)
        #expect(world.worker.process.admission.count == 0)
        #expect(world.worker.process.sessions.count == sessions)
        #expect(world.worker.handshakes.isEmpty)
        #expect(world.worker.door.isEmpty)
    }
}
