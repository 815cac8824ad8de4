import HTTPTypes
import ShuntCore

extension AdminAPI {
    private static let reason = BodyShape(schema: "ReasonRequest", required: [], optional: ["reason"])
    private static let commonProblems: [ProblemCode] = [
        .conflict, .notPossible, .storeUnavailable, .stopping, .tooLarge,
    ]

    static let changes = [
        change(
            "setOverride", .put, .route("override"),
            "Serves a route by this share, above what the file says, until the override is removed.",
            body: BodyShape(schema: "OverrideRequest", required: ["served_by"], optional: ["reason"]),
            problems: [.unknownRoute]
        ) { call throws(Problem) in .setRoute(call.route, try rollout(call.members["served_by"] ?? "")) },
        change(
            "removeOverride", .delete, .route("override"), "The file counts again for a route.",
            problems: [.unknownRoute]
        ) { call in .unsetRoute(call.route) },
        change(
            "setPhase", .put, .fixed(AdminPath.phase),
            "Puts the whole migration into a phase, above what the file says.",
            body: BodyShape(schema: "PhaseRequest", required: ["phase"], optional: ["reason"])
        ) { call throws(Problem) in .setPhase(try phase(call.members["phase"] ?? "")) },
        change("removePhase", .delete, .fixed(AdminPath.phase), "The file's phase counts again.") { _ in .unsetPhase },
        change(
            "pause", .post, .route("pause"), "A route's messages wait, bounded, until it is resumed. Clients stay.",
            problems: [.unknownRoute]
        ) { call in .pause(call.route) },
        change("resume", .post, .route("resume"), "A paused route goes on.", problems: [.unknownRoute]) { call in
            .resume(call.route)
        },
        change(
            "reconnect", .post, .route("reconnect"), "A route's upstream connections are replaced as they become idle.",
            problems: [.unknownRoute]
        ) { call in .reconnect(call.route) },
        change(
            "kick", .post, .fixed(AdminPath.kick),
            "Ends a session, or all of a user: sockets close, what is under way and what is kept for them goes.",
            body: BodyShape(schema: "KickRequest", required: ["kind", "name"], optional: ["block", "reason"])
        ) { call throws(Problem) in try kick(call.members) },
        change(
            "reload", .post, .fixed(AdminPath.reload), "Reads the file again; one with errors changes nothing.",
            problems: [.badFile, .busy]
        ) { _ in .reload },
        change("drain", .post, .fixed(AdminPath.drain), "Stops the proxy gracefully.") { _ in .drain },
    ]

    private static func change(
        _ id: String, _ method: HTTPRequest.Method, _ path: AdminOperation.Path, _ summary: String,
        body: BodyShape = reason, problems: [ProblemCode] = [],
        _ change: @escaping @Sendable (Call) throws(Problem) -> ControlChange
    ) -> AdminOperation {
        AdminOperation(
            id, method, path, access: .write, summary, body: body, answer: "ChangeAnswer",
            problems: commonProblems + problems
        ) { call throws(Problem) in
            let change = try change(call)
            let report: ChangeReport
            do throws(ControlProblem) {
                report = try await call.control.perform(change, by: call.author, revision: call.revision)
            } catch {
                throw Problem(error)
            }
            return try .json(ChangeAnswer(report), revision: report.revision)
        }
    }

    private static func rollout(_ text: String) throws(Problem) -> Rollout {
        if let rollout = Rollout(text: text) { return rollout }
        let shown = PlainText.cleaned(text, longest: 64)
        var problem = Problem(
            .invalidValue,
            "`served_by` is `\(shown)`, but must be legacy, unified or a share from 0% to 100% such as 25% or 0.5%")
        problem.allowed = ["legacy", "unified", "0% to 100%"]
        problem.meant =
            Rollout(text: text + "%") != nil ? text + "%" : NearestWord.to(text, among: ["legacy", "unified"])
        if let meant = problem.meant { problem.detail += "; `\(meant)` was meant?" }
        throw problem
    }

    private static func kick(_ members: [String: String]) throws(Problem) -> ControlChange {
        let choice: SessionChoice
        let name = members["name"] ?? ""
        switch members["kind"] {
        case "session": choice = .name(name)
        case "user": choice = .user(name)
        case let kind: throw .notAllowed("kind", kind ?? "", ["session", "user"], code: .invalidValue)
        }
        guard let block = members["block"] else { return .kick(choice, block: .zero) }
        guard let seconds = Int64(block), (0...86_400).contains(seconds) else {
            throw Problem(.invalidValue, "`block` must be a number of seconds from 0 to 86400")
        }
        return .kick(choice, block: .seconds(seconds))
    }

    private static func phase(_ text: String) throws(Problem) -> Phase {
        if let phase = Phase(rawValue: text) { return phase }
        throw .notAllowed("phase", text, Phase.allCases.map(\.rawValue), code: .invalidValue)
    }
}
