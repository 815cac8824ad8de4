/// The first words on each new connection of an upstream, compiled: a greeting that is awaited, messages of our own.
package final class OpeningSteps: Sendable {
    package struct Step: Sendable {
        package let template: ConnectTemplate
        /// nil where no reply comes.
        package let replies: ByteMap?
        package let afterGreeting: Bool
    }

    package let steps: [Step]
    /// nil where no greeting is awaited.
    package let greeting: ByteMap?
    /// How long each word is waited for.
    package let timeout: TimeSpan

    /// nil where nothing is set.
    init?(_ settings: UpstreamSettings) {
        if settings.onOpen.isEmpty, settings.ready == nil { return nil }
        steps = settings.onOpen.map { message in
            Step(
                template: ConnectTemplate(message.send),
                replies: message.replies.isEmpty ? nil : ByteMap(message.replies),
                afterGreeting: message.afterGreeting)
        }
        greeting = settings.ready.map { ByteMap($0.types) }
        timeout = settings.ready?.timeout ?? GreetingSettings().timeout
    }
}

/// How far the first words on a connection have come.
package struct Opening: Sendable {
    /// The step that is next.
    private var next = 0
    /// The step whose reply is awaited.
    private var awaited: Int?
    private(set) var isGreeted: Bool
    /// When the word that is awaited must have come.
    package private(set) var deadline: Instant

    package init(_ steps: OpeningSteps, now: Instant) {
        isGreeted = steps.greeting == nil
        deadline = now + steps.timeout
    }

    package enum Step: Sendable {
        /// Send this; then ask again.
        case send(ConnectTemplate)
        /// The backend's turn.
        case wait
        case over
    }

    /// What is to be done now.
    package mutating func next(_ steps: OpeningSteps, now: Instant) -> Step {
        guard awaited == nil else { return .wait }
        guard steps.steps.indices.contains(next) else { return isGreeted ? .over : .wait }
        let step = steps.steps[next]
        if step.afterGreeting, !isGreeted { return .wait }
        if step.replies != nil { awaited = next }
        next += 1
        deadline = now + steps.timeout
        return .send(step.template)
    }

    package enum Word: Sendable { case greeting, reply, other }

    /// A message of that type came.
    package mutating func heard(
        _ type: JSONValue?, _ bytes: Span<UInt8>, _ steps: OpeningSteps, now: Instant
    ) -> Word {
        guard let type else { return .other }
        if !isGreeted, steps.greeting?.find(bytes, type) != nil {
            isGreeted = true
            deadline = now + steps.timeout
            return .greeting
        }
        if let awaited, steps.steps.indices.contains(awaited), steps.steps[awaited].replies?.find(bytes, type) != nil {
            self.awaited = nil
            deadline = now + steps.timeout
            return .reply
        }
        return .other
    }
}
