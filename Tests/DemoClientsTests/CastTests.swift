import Foundation
import NIOHTTP1
import Testing

@testable import DemoClients

/// Who plays in the demo, and how they say who they are.
@Suite struct CastTests {
    @Test
    func `everybody has a name, and each visit a session of its own`() {
        #expect(Set(Cast.all.map(\.name)).count == Cast.all.count)
        let tokens = Cast.all.flatMap { role in (1...3).compactMap { role.token(visit: $0) } }
        #expect(Set(tokens).count == tokens.count)
    }

    @Test
    func `a newcomer sees old and new clients, several versions, and somebody without a session`() {
        #expect(Cast.all.contains { $0.sockets == .unified })
        #expect(Cast.all.contains { $0.token(visit: 1) == nil })
        let versions = Cast.all.compactMap { role -> String? in
            if case .web("acme-web", let version) = role.app { return version }
            return nil
        }
        #expect(Set(versions).count >= 4)
    }

    /// The unified agent admits 100 messages a minute for a session, whose old sockets become one.
    @Test(arguments: Cast.all)
    func `nobody speaks faster than the unified agent admits`(role: Role) {
        let sockets: Double
        if case .legacy(let routes) = role.sockets { sockets = Double(routes.count) } else { sockets = 1 }
        #expect(role.rhythm.lowerBound > 0)
        #expect(sockets * 60 / role.rhythm.lowerBound < 90)
    }

    @Test
    func `a web application says who it is in the query`() {
        let role = Role("x", .web("app", "1.2"), on: .legacy("guide"), every: 1...2)
        let handshake = Handshake(of: role, visit: 2, path: "/p", authority: "h:1", origin: "http://h:1")
        #expect(handshake.target == "/p?session_token=demo-session-2-of-x&client=app&client_version=1.2")
        #expect(handshake.headers["host"] == ["h:1"])
        #expect(handshake.headers["origin"] == ["http://h:1"])
    }

    @Test
    func `a mobile application says it in header fields`() {
        let role = Role("x", .mobile("ios", "4"), on: .legacy("guide"), every: 1...2)
        let handshake = Handshake(of: role, visit: 2, path: "/p", authority: "h:1", origin: "http://h:1")
        #expect(handshake.target == "/p?session_token=demo-session-2-of-x")
        #expect(handshake.headers["x-client-name"] == ["ios"])
        #expect(handshake.headers["x-client-version"] == ["4"])
        #expect(!handshake.headers.contains(name: "origin"))
    }

    @Test
    func `a bot says nothing but its name`() {
        let role = Role("x", .bot("b/1"), on: .legacy("guide"), every: 1...2)
        let handshake = Handshake(of: role, visit: 2, path: "/p", authority: "h:1", origin: "http://h:1")
        #expect(handshake.target == "/p")
        #expect(handshake.headers.map(\.name).sorted() == ["Host", "User-Agent"])
    }

    @Test
    func `an update is the same user with a newer version on the unified endpoint`() {
        let role = Role("x", .web("app", "1"), on: .legacy("guide"), every: 1...2, ifClosed: .updates("3"))
        let updated = role.updated(to: "3")
        #expect(updated.token(visit: 2) == role.token(visit: 2))
        #expect(updated.sockets == .unified)
        guard case .web("app", "3") = updated.app else {
            Issue.record("it is \(updated.app)")
            return
        }
    }
}
