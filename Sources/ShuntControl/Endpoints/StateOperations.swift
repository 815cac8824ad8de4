import HTTPTypes
import ShuntCore

extension AdminAPI {
    /// The revision is always read before the state that it stands for: a change in between makes the `ETag` too old,
    /// never too new.
    private static func revision(_ call: Call) async -> Int64 { await call.control.status().revision }

    static let state = [
        AdminOperation(
            "status", .get, .fixed(AdminPath.status), access: .read, "The proxy at a glance.", answer: "StatusAnswer"
        ) { call throws(Problem) in
            let status = await call.control.status()
            return try .json(StatusAnswer(status), revision: status.revision)
        },
        AdminOperation(
            "routes", .get, .fixed(AdminPath.routes), access: .read,
            "All routes in the order of the file: what is in force, and what made it so.", answer: "RoutesAnswer"
        ) { call throws(Problem) in
            let revision = await revision(call)
            return try .json(RoutesAnswer(await call.control.routes()), revision: revision)
        },
        AdminOperation(
            "route", .get, .route(nil), access: .read, "One route.", answer: "RouteAnswer", problems: [.unknownRoute]
        ) { call throws(Problem) in
            let revision = await revision(call)
            let routes = await call.control.routes()
            guard let route = routes.first(where: { $0.name == call.route }) else {
                let meant = NearestWord.to(call.route, among: routes.lazy.map(\.name))
                throw Problem(.unknownRoute(PlainText.cleaned(call.route, longest: 128), meant: meant))
            }
            return try .json(RouteAnswer(route), revision: revision)
        },
        AdminOperation(
            "phase", .get, .fixed(AdminPath.phase), access: .read,
            "The phase in force; with `to`, what another one would move, without doing it.",
            parameters: [Parameter("to", .word(Phase.allCases.map(\.rawValue)), "The phase to look at.")],
            answer: "PhaseAnswer"
        ) { call throws(Problem) in
            let status = await call.control.status()
            guard let phase = call.word("to").flatMap(Phase.init(rawValue:)) else {
                return try .json(PhaseAnswer(status), revision: status.revision)
            }
            let preview = await call.control.preview(phase: phase)
            return try .json(PhaseAnswer(status, preview: preview), revision: status.revision)
        },
        AdminOperation(
            "pools", .get, .fixed(AdminPath.pools), access: .read,
            "The connections to each upstream, over all sessions and workers.", answer: "PoolsAnswer"
        ) { call throws(Problem) in
            let revision = await revision(call)
            return try .json(PoolsAnswer(await call.control.reports.poolReport()), revision: revision)
        },
        AdminOperation(
            "sessions", .get, .fixed(AdminPath.sessions), access: .read,
            "The sessions with most sockets first, by a keyed hash of their tokens.",
            parameters: [
                Parameter("limit", .number(1...1000, unlessGiven: 100), "How many at most."),
                Parameter(
                    "user", .text(longest: 1024, pattern: "^.+$"),
                    "Only those of this user, as a validated token names it."),
            ],
            answer: "SessionsAnswer"
        ) { call throws(Problem) in
            let revision = await revision(call)
            let sessions = await call.control.reports.sessionReport(
                limit: Int(clamping: call.number("limit") ?? 100), user: call.word("user"))
            return try .json(SessionsAnswer(sessions), revision: revision)
        },
        AdminOperation(
            "audit", .get, .fixed(AdminPath.audit), access: .read, "Who changed what and why, newest first.",
            parameters: [
                Parameter("before", .number(1...Int64.max, unlessGiven: nil), "Only lines with a smaller id."),
                Parameter("limit", .number(1...1000, unlessGiven: 100), "How many at most."),
            ],
            answer: "AuditAnswer", problems: [.storeUnavailable]
        ) { call throws(Problem) in
            let revision = await revision(call)
            let limit = Int(clamping: call.number("limit") ?? 100)
            let entries: [AuditEntry]
            do throws(ControlProblem) {
                entries = try await call.control.audit(limit: limit, before: call.number("before"))
            } catch {
                throw Problem(error)
            }
            return try .json(AuditAnswer(entries), revision: revision)
        },
    ]
}
