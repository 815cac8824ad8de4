import Foundation
import Testing

@testable import DemoClients

/// What clients of the demo say, and what they take for an answer.
@Suite struct SpeechTests {
    private static let agent = Destination.Agent(
        name: "liaison/content", legacyPath: "/c",
        address: [.init(name: "agent_type", value: "liaison"), .init(name: "pillar", value: "content")])

    private func speech(_ app: Role.App, _ sockets: Role.Sockets) -> Speech {
        Speech(Role("x", app, on: sockets, every: 1...2), agents: [Self.agent])
    }

    private func members(_ text: String) throws -> [String: String] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
    }

    @Test
    func `a new client addresses its messages and goes on with its conversation`() throws {
        var speech = speech(.web("app", "3"), .unified)
        let first = try members(speech.message(to: Self.agent))
        #expect(first.keys.sorted() == ["agent_type", "message", "pillar"])
        #expect(first["pillar"] == "content")
        let reply =
            #"{"type":"message","agent_type":"liaison","pillar":"content","conversation_id":"c1","message":"x"}"#
        let isAnswer = speech.hear(reply)
        #expect(isAnswer)
        #expect(try members(speech.message(to: Self.agent))["conversation_id"] == "c1")
    }

    @Test
    func `a conversation of another agent is not taken over`() throws {
        var speech = speech(.web("app", "3"), .unified)
        let reply = #"{"agent_type":"guide","conversation_id":"c1","message":"x"}"#
        let isAnswer = speech.hear(reply)
        #expect(isAnswer)
        #expect(try members(speech.message(to: Self.agent))["conversation_id"] == nil)
    }

    @Test
    func `the old web application numbers and dates its messages and addresses nobody`() throws {
        var speech = speech(.web("app", "1"), .legacy("liaison/content"))
        #expect(try members(speech.message(to: Self.agent)).keys.sorted() == ["id", "message", "timestamp"])
        #expect(try members(speech.message(to: Self.agent))["id"] == "msg_2")
        #expect(try members(#require(speech.heartbeat()))["type"] == "heartbeat")
    }

    @Test
    func `only the old web application sends heartbeats`() {
        #expect(speech(.web("app", "3"), .unified).heartbeat() == nil)
        #expect(speech(.mobile("app", "3"), .legacy("liaison/content")).heartbeat() == nil)
        #expect(speech(.bot("app"), .legacy("liaison/content")).heartbeat() == nil)
    }

    @Test(arguments: [
        (#"{"type":"response","message":"x"}"#, true), (#"{"type":"agent_response","data":{}}"#, true),
        (#"{"type":"error","message":"x"}"#, true), (#"{"success":true,"response":"x"}"#, true),
        (#"{"type":"heartbeat"}"#, false), (#"{"type":"system"}"#, false), (#"{"type":"welcome"}"#, false),
        (#"{"type":"conversation_restored"}"#, false), ("[1,2]", false), ("no JSON", false), ("", false),
    ])
    func `replies and errors answer, pushes and heartbeats do not`(text: String, answers: Bool) {
        var speech = speech(.web("app", "3"), .unified)
        let isAnswer = speech.hear(text)
        #expect(isAnswer == answers)
    }

    @Test
    func `most questions are plain, some take a while, few fail`() {
        let words = (1...470).map { Speech.words("guide", $0) }
        let failures = words.count { $0 == "/fail" }
        #expect((1...20).contains(failures))
        let slow = words.filter { $0.hasPrefix("/slow ") }
        #expect((47...200).contains(slow.count))
        let longest = slow.compactMap { $0.split(separator: " ").dropFirst().first.flatMap { Int($0) } }.max()
        #expect(longest.map { $0 < 400 } == true)
    }
}
