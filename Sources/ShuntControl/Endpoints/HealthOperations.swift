import HTTPTypes
import ShuntCore

extension AdminAPI {
    static let health = [
        AdminOperation(
            "alive", .get, .fixed(AdminPath.alive), access: .open, "Whether the process answers.",
            answer: "HealthAnswer"
        ) { _ throws(Problem) in try .json(HealthAnswer(status: "alive")) },
        AdminOperation(
            "ready", .get, .fixed(AdminPath.ready), access: .open,
            """
            Whether new clients are accepted: not before the workers run, not while the proxy drains. With `upstreams` \
            in the query also whether the upstreams answer that routes are served by; 503 where one does not.
            """,
            parameters: [Parameter("upstreams", .text(longest: 8, pattern: "^(|true|1)$"), "Ask the upstreams, too.")],
            answer: "HealthAnswer", problems: [.notReady]
        ) { call throws(Problem) in
            let status = await call.control.status()
            if status.isDraining { throw Problem(.notReady, "the proxy drains and accepts no new clients") }
            if status.workers == 0 { throw Problem(.notReady, "the workers do not run yet") }
            guard call.asksFor("upstreams") else { return try .json(HealthAnswer(status: "ready")) }
            let health = HealthAnswer(await call.control.reports.poolReport(), await call.control.routes())
            var answer = try Answer.json(health)
            if health.status == HealthAnswer.silent { answer.status = ProblemCode.notReady.status }
            return answer
        },
    ]
}
