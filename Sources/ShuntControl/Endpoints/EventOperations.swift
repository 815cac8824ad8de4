import HTTPTypes
import ShuntCore

extension AdminAPI {
    static func events(_ limits: AdminLimits) -> [AdminOperation] {
        let slots = StreamSlots(limits.streams)
        return [
            AdminOperation(
                "events", .get, .fixed(AdminPath.events), access: .read,
                "The latest events, oldest first; as `text/event-stream` also those to come.",
                parameters: [
                    Parameter(
                        "after", .number(0...Int64.max, unlessGiven: nil),
                        "The first events with a larger id, instead of the latest. `Last-Event-ID` stands above it. A stream without either begins now."
                    ),
                    Parameter("limit", .number(1...1000, unlessGiven: 100), "How many at most; not of a stream."),
                ],
                answer: "EventsAnswer", problems: [.tooManyStreams]
            ) { call throws(Problem) in
                if call.wantsStream { return try stream(call, slots, limits) }
                let revision = await call.control.status().revision
                let limit = Int(clamping: call.number("limit") ?? 100)
                let events = await call.control.events(after: call.number("after"), limit: limit)
                return try .json(EventsAnswer(events), revision: revision)
            }
        ]
    }

    private static func stream(_ call: Call, _ slots: StreamSlots, _ limits: AdminLimits) throws(Problem) -> Answer {
        guard let slot = slots.enter() else {
            var problem = Problem(.tooManyStreams, "\(limits.streams) event streams are open, which is all there are")
            problem.fields[.retryAfter] = "5"
            throw problem
        }
        let stream = EventStream(
            control: call.control, after: call.lastEvent ?? call.number("after"), beat: limits.beat, slot: slot)
        return Answer(type: "text/event-stream", body: .stream { writer in try await stream.write(to: &writer) })
    }
}
