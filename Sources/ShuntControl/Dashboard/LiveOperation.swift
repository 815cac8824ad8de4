import HTTPTypes
import ShuntCore

extension AdminAPI {
    /// `GET /api/v1/live`, for `extra`.
    package static func live(_ sampler: LiveSampler, limits: AdminLimits = AdminLimits()) -> AdminOperation {
        let slots = StreamSlots(limits.streams)
        return AdminOperation(
            "live", .get, .fixed(AdminPath.live), access: .read,
            """
            The dashboard's figures as an event stream: `history` (LiveHistory) once, then a `sample` (LiveSample) every \
            two seconds, which names only routes and pools that changed.
            """,
            answer: nil, texts: ["text/event-stream"], problems: [.tooManyStreams]
        ) { call throws(Problem) in
            guard let slot = slots.enter() else {
                var problem = Problem(.tooManyStreams, "\(limits.streams) dashboards are open, which is all there are")
                problem.fields[.retryAfter] = "5"
                throw problem
            }
            let stream = LiveStream(
                control: call.control, sampler: sampler, mayChange: call.caller.mayChange, beat: limits.beat,
                slot: slot)
            return Answer(type: "text/event-stream", body: .stream { writer in try await stream.write(to: &writer) })
        }
    }
}
