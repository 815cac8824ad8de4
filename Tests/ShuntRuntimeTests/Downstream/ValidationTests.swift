import ShuntCore
import ShuntTesting
import Synchronization
import Testing

@testable import ShuntRuntime

/// Between the two steps of a handshake a validator may take its time.
@Suite struct ValidationTests {
    /// A validator that answers when the test says so.
    private final class Validator: CredentialValidator {
        private struct State {
            var asked: [Credential] = []
            var answers: [@Sendable (CredentialVerdict) -> Void] = []
            var known: CredentialVerdict?
        }

        private let state = Mutex(State())

        var asked: [Credential] { state.withLock { $0.asked } }

        func known(_ credential: Credential, at wall: UnixTime) -> CredentialVerdict? { state.withLock { $0.known } }

        func validate(_ credential: Credential, answer: @escaping @Sendable (CredentialVerdict) -> Void) {
            state.withLock {
                $0.asked.append(credential)
                $0.answers.append(answer)
            }
        }

        func answer(_ index: Int = 0, _ verdict: CredentialVerdict = .unasked) {
            state.withLock { $0.answers[index] }(verdict)
        }

        func forget(_ fits: @Sendable (ClientIdentity) -> Bool) {}

        func knows(_ verdict: CredentialVerdict) { state.withLock { $0.known = verdict } }
    }

    private func frame(_ message: String) -> [UInt8] {
        WireSocket.bytes(1, Array(#"{"agent_type":"guide","message":"\#(message)"}"#.utf8), masked: true)
    }

    @Test(arguments: ["/api/ws/agent", "/api/ws/guide"])
    func `nothing of a client is lost while its credential is validated`(path: String) throws {
        let validator = Validator()
        let world = try FakeWorld(validator: validator) {
            $0.routes[0].endpoint = EndpointSettings(path: "/api/ws/guide")
        }
        let (first, second) = (frame("1"), frame("2"))
        let client = try world.arriving(
            target: path + "?session_token=T", behind: first + second.prefix(5))
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
        let validator = Validator()
        let world = try FakeWorld(validator: validator)
        for (index, token) in ["T1", "T2"].enumerated() {
            _ = try world.arriving(target: "/api/ws/agent?session_token=\(token)")
            validator.answer(index, .good(Claims(session: ClaimValue(text: "anna"))))
            world.run()
        }
        validator.knows(.unasked)
        _ = try world.client(target: "/api/ws/agent?session_token=anna")
        world.run()
        #expect(validator.asked.count == 2, "what is known is not asked for")
        #expect(world.worker.switchboard.census.clients == 3)
        #expect(world.worker.switchboard.census.sessions == 2, "a token is no session id")
        #expect(world.worker.process.sessions.count == 2)
    }

    @Test func `the time of a handshake counts on, and an answer that comes too late changes nothing`() throws {
        let validator = Validator()
        let world = try FakeWorld(validator: validator) { $0.limits.handshakeTimeout = .seconds(10) }
        let client = try world.arriving(target: "/api/ws/agent?session_token=T")
        world.pass(.seconds(9))
        #expect(client.read().isEmpty)
        world.pass(.seconds(2))
        // Not the client's fault, and no word on its token.
        let answer = client.text()
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("validation_unavailable"), "\(answer)")
        validator.answer()
        world.pass(.seconds(10))
        #expect(client.read().isEmpty)
        expectNobody(world)
    }

    @Test func `a stop refuses who is being validated`() throws {
        let validator = Validator()
        let world = try FakeWorld(validator: validator)
        let client = try world.arriving(target: "/api/ws/agent?session_token=T")
        world.worker.drain(DrainSettings())
        world.pass(.seconds(1))
        #expect(client.text().hasPrefix("HTTP/1.1 503 "))
        validator.answer()
        world.pass(.seconds(10))
        expectNobody(world)
    }

    @Test(arguments: [true, false])
    func `an answer about a client that is gone, and a second one, change nothing`(isReset: Bool) throws {
        let validator = Validator()
        let world = try FakeWorld(validator: validator)
        let gone = try world.arriving(target: "/api/ws/agent?session_token=T")
        if isReset { gone.reset() } else { gone.close() }
        world.run()
        validator.answer()
        world.run()
        // Who only says no more has been a client for a moment, and the session is kept for a while.
        expectNobody(world, sessions: isReset ? 0 : 1)
        _ = try world.arriving(target: "/api/ws/agent?session_token=T")
        validator.answer(1)
        validator.answer(1)
        world.run()
        #expect(world.worker.switchboard.census.clients == 1)
        #expect(world.worker.process.admission.count == 1)
    }

    @Test(arguments: [
        (CredentialVerdict.bad(status: 401, problem: "expired"), "401", "session_refused"),
        (.bad(status: 403, problem: "banned"), "403", "session_refused"),
        (.unknown(problem: "down"), "503", "validation_unavailable"),
    ])
    func `who is not known is told so before the upgrade`(verdict: CredentialVerdict, status: String, code: String)
        throws
    {
        for isKnown in [false, true] {
            let validator = Validator()
            let world = try FakeWorld(validator: validator)
            if isKnown { validator.knows(verdict) }
            let client = try world.arriving(target: "/api/ws/agent?session_token=T")
            if !isKnown { validator.answer(0, verdict) }
            world.run()
            let answer = client.text()
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            #expect(answer.contains(#""code":"\#(code)""#))
            #expect(answer.contains("Retry-After") == (status == "503"))
            #expect(answer.contains("WWW-Authenticate") == (status == "401"))
            #expect(!answer.contains("expired") && !answer.contains("banned"), "that is for the log")
            client.close()
            world.pass(.seconds(10))
            expectNobody(world)
        }
    }

    @Test(arguments: ["/api/ws/agent", "/api/ws/guide"])
    func `where frontends understand nothing else a close frame tells`(path: String) throws {
        let validator = Validator()
        let world = try FakeWorld(validator: validator) {
            $0.routes[0].endpoint = EndpointSettings(path: "/api/ws/guide")
            $0.routes[0].endpoint?.access.refusalCode = CloseCode(rawValue: 4001)
            $0.addressing.access.refusalCode = CloseCode(rawValue: 4003)
        }
        for (verdict, code) in [
            (CredentialVerdict.bad(status: 401, problem: "p"), path.hasSuffix("guide") ? 4001 : 4003),
            (.unknown(problem: "p"), 1013),
        ] {
            validator.knows(verdict)
            let client = try world.arriving(target: path + "?session_token=T")
            let answer = client.read()
            #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 101 "))
            let end = answer.indices.first { answer[$0...].starts(with: "\r\n\r\n".utf8) } ?? answer.endIndex
            let frames = NaiveFrameReader.frames(Array(answer[end...].dropFirst(4)))
            #expect(frames.map(\.opcode) == [8])
            #expect(frames.first.map { Array($0.payload.prefix(2)) } == [UInt8(code >> 8), UInt8(code & 0xFF)])
            client.close()
        }
        world.pass(.seconds(10))
        expectNobody(world)
    }

    @Test func `an endpoint that is exempt asks nobody`() throws {
        let validator = Validator()
        let world = try FakeWorld(validator: validator) {
            $0.routes[0].endpoint = EndpointSettings(path: "/api/ws/guide")
            $0.routes[0].endpoint?.access.isValidated = false
        }
        _ = try world.arriving(target: "/api/ws/guide?session_token=T")
        _ = try world.upstream()
        #expect(validator.asked.isEmpty)
        #expect(world.worker.switchboard.census.clients == 1)
    }

    private func expectNobody(_ world: FakeWorld, sessions: Int = 0) {
        #expect(world.worker.switchboard.census.clients == 0)
        #expect(world.worker.process.admission.count == 0)
        #expect(world.worker.process.sessions.count == sessions)
        #expect(world.worker.handshakes.isEmpty)
        #expect(world.worker.door.isEmpty)
    }
}
