import Foundation
import ShuntCore
import ShuntTesting
import Testing

/// The program itself, against an admin listener.
@Suite struct CommandRunTests {
    @Test
    func `set is done in the caller's name, with the reason`() async throws {
        try await withAdmin { proxy, admin, _ in
            let run = try await CommandRun.shunt(["set", "guide", "25%", "--reason", "first quarter"], admin)
            #expect(run.code == 0)
            #expect(run.output == "guide: done\nnote: look at it\n")
            #expect(run.complaint == "")
            let change = try #require(proxy.changes.first)
            #expect(change.change == .setRoute("guide", Rollout(steps: 2500)))
            #expect(change.author.name.hasPrefix("ada@"))
            #expect(change.author.reason == "first quarter")
            #expect(change.revision == nil)
        }
    }

    @Test(
        arguments: [
            (
                ["set", "liaison/*", "unified"],
                [ControlChange.setRoute("liaison/content", .unified), .setRoute("liaison/operations", .unified)]
            ),
            (["unset", "*"], [.unsetRoute("liaison/insights")]),
            (["pause", "liaison/*"], [.pause("liaison/content"), .pause("liaison/insights")]),
            (["resume", "*"], [.resume("liaison/operations")]),
            (
                ["reconnect", "liaison/*s"],
                [.reconnect("liaison/insights"), .reconnect("liaison/operations")]
            ),
            (["unset", "guide"], [.unsetRoute("guide")]), (["pause", "liaison/content"], [.pause("liaison/content")]),
            (["reload"], [.reload]), (["drain"], [.drain]), (["phase", "complete", "--yes"], [.setPhase(.complete)]),
            (["phase", "--unset", "-y"], [.unsetPhase]), (["unset", "gui*"], []),
        ] as [([String], [ControlChange])])
    func `each change reaches the proxy as it was meant`(arguments: [String], changes: [ControlChange]) async throws {
        try await withAdmin { proxy, admin, _ in
            let run = try await CommandRun.shunt(arguments, admin)
            #expect(run.code == 0, "\(run.complaint)")
            #expect(proxy.changes.map(\.change) == changes)
        }
    }

    @Test
    func `a pattern that is refused half way says what is not done`() async throws {
        try await withAdmin { proxy, admin, _ in
            proxy.refuse("liaison/insights", .store("The disk is full."))
            let run = try await CommandRun.shunt(["pause", "*"], admin)
            #expect(run.code == 1)
            #expect(proxy.changes.map(\.change) == [.pause("guide"), .pause("liaison/content")])
            #expect(run.complaint.contains("The disk is full."))
            #expect(run.complaint.contains("Not done: liaison/insights"))
        }
    }

    @Test
    func `a refusal says why and what to do, and ends with 1`() async throws {
        try await withAdmin { proxy, admin, _ in
            proxy.refuse("gide", .unknownRoute("gide", meant: "guide"))
            proxy.refuse("", .badFile(["config.yaml:3:5: routes.x: no such key"]))
            let route = try await CommandRun.shunt(["set", "gide", "25%"], admin)
            #expect(route.code == 1)
            #expect(route.output == "")
            #expect(route.complaint.contains("guide") && route.complaint.contains("'shunt routes'"))
            let reload = try await CommandRun.shunt(["reload", "--json"], admin)
            #expect(reload.code == 1)
            #expect(reload.complaint.contains("config.yaml:3:5: routes.x: no such key"))
            let answer = try #require(
                try JSONSerialization.jsonObject(with: Data(reload.output.utf8)) as? [String: Any])
            #expect(answer["code"] as? String == "bad_file")
            #expect(try await CommandRun.shunt(["unset", "nothing*"], admin).code == 1)
        }
    }

    @Test
    func `tokens are asked for and never shown`() async throws {
        try await withAdmin(read: "reader-secret", write: "writer-secret") { proxy, admin, _ in
            func code(_ arguments: [String], token: String?) async throws -> Int32 {
                var environment = admin
                environment["SHUNT_TOKEN"] = token
                let run = try await CommandRun.shunt(arguments, environment)
                #expect(!(run.output + run.complaint).contains("secret"))
                if run.code == 77 { #expect(run.complaint.contains("SHUNT_TOKEN")) }
                return run.code
            }
            let cases: [(arguments: [String], token: String?, code: Int32)] = [
                (["status"], nil, 77), (["status"], "wrong-secret", 77), (["set", "guide", "1%"], "reader-secret", 77),
                (["status"], "reader-secret", 0), (["set", "guide", "1%"], "writer-secret", 0),
                (["status", "--token", "writer-secret"], nil, 0),
            ]
            for (arguments, token, expected) in cases {
                let code = try await code(arguments, token: token)
                #expect(code == expected, "\(arguments)")
            }
            #expect(proxy.changes.count == 1)
        }
    }

    @Test
    func `where no proxy answers the exit code is 69`() async throws {
        for arguments in [["status"], ["set", "guide", "1%"], ["events", "--follow"]] {
            // The port of TCP's echo service: nobody listens there.
            let run = try await CommandRun.shunt(arguments + ["--admin", "http://127.0.0.1:7"])
            #expect(run.code == 69)
            #expect(run.complaint.contains("No proxy answers at http://127.0.0.1:7"))
        }
    }

    @Test
    func `a phase needs a yes, and is set only where nothing changed since`() async throws {
        try await withAdmin { proxy, admin, _ in
            let refused = try await CommandRun.shunt(["phase", "migrate"], admin, input: "y\n")
            #expect(refused.code == 64)
            #expect(refused.complaint.contains("--yes"))
            #expect(try await CommandRun.shunt(["phase", "migrate", "--dry-run"], admin).code == 0)
            #expect(proxy.changes == [])
            let done = try await CommandRun.shunt(["phase", "migrate", "--yes", "--reason", "go"], admin)
            #expect(done.code == 0)
            #expect(done.output.contains("parallel -> migrate") && done.output.contains("Nothing ends."))
            #expect(proxy.changes.map(\.revision) == [41])
            proxy.refuse("", .conflict(seen: 41, now: 42))
            let conflict = try await CommandRun.shunt(["phase", "migrate", "--yes"], admin)
            #expect(conflict.code == 1)
            #expect(conflict.complaint.contains("try again"))
        }
    }

    @Test(arguments: [
        (
            ["status"],
            [
                "parallel (set here; the file says migrate)", "7 of 5 sessions", "FAILED", "c:1:2: x",
                "/tls/soon.pem, at 2027",
            ]
        ),
        (["routes"], ["ROUTE", "liaison/insights", "override by bo: no reason given", "paused, 0 waiting"]),
        (["routes", "liaison/*"], ["liaison/insights"]), (["pools"], ["ws://10.0.0.1:1/x"]),
        (["sessions", "--limit", "9"], ["a1b2c3", " 9 ", "web"]), (["events"], ["reloaded", "first [2J"]),
        (["audit", "--before", "50"], ["49  1970-01-01T00:00:00.000Z  ada@desk  set", "no reason given"]),
        (["phase"], ["parallel\nset here; the file says migrate"]),
    ])
    func `what is shown to people`(arguments: [String], parts: [String]) async throws {
        try await withAdmin { _, admin, _ in
            let run = try await CommandRun.shunt(arguments, admin)
            #expect(run.code == 0, "\(run.complaint)")
            for part in parts { #expect(run.output.contains(part), "\(run.output)") }
            #expect(!run.output.contains("\u{1B}"))
        }
    }

    @Test func `limits and places reach the proxy`() async throws {
        try await withAdmin { proxy, admin, _ in
            for arguments in [["sessions", "--limit", "9"], ["audit", "--before", "50"]] {
                let run = try await CommandRun.shunt(arguments, admin)
                #expect(run.code == 0)
            }
            #expect(proxy.asked.first == "sessions 9")
            #expect(proxy.asked.last?.hasSuffix(" 50") == true)
        }
    }

    @Test(arguments: [
        "status", "routes", "routes liaison/*", "pools", "sessions", "events", "audit", "phase",
        "phase migrate --dry-run",
        "set guide 1%", "drain",
    ])
    func `with --json the output is one JSON object`(line: String) async throws {
        try await withAdmin { _, admin, _ in
            let run = try await CommandRun.shunt(line.split(separator: " ").map(String.init) + ["--json"], admin)
            #expect(run.code == 0)
            #expect(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) is [String: Any])
            #expect(run.output.hasSuffix("}\n"))
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `events are followed until the proxy stops`() async throws {
        try await withAdmin { proxy, admin, stop in
            var isSaid = false
            let followed = try await CommandRun.shunt(["events", "--follow"], admin) { output in
                if !isSaid { await proxy.say("it is down") }
                isSaid = true
                if output.contains("it is down") { await stop() }
            }
            #expect(followed.code == 69)
            let lines = followed.output.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.last?.contains("breaker_opened") == true && lines.last?.contains("guide: it is down") == true)
        }
    }
}
