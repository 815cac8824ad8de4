/// A type of clients' messages that goes no further.
package struct AbsorbedType: Sendable, Hashable, ExpressibleByStringLiteral {
    package var type: String
    /// The answer to the sender, a JSON object as `AnswerTemplate` takes it; nil for nothing.
    package var answer: String?

    package init(_ type: String, answer: String? = nil) {
        self.type = type
        self.answer = answer
    }

    package init(stringLiteral type: String) { self.init(type) }
}

/// A message to clients on schedule, so that they hear something.
package struct BeatSettings: Sendable, Hashable {
    /// A JSON object.
    package var send: String
    package var every: TimeSpan

    package init(send: String, every: TimeSpan = .seconds(8)) {
        self.send = send
        self.every = every
    }
}

/// The same, ready to be sent.
package struct Beat: Sendable {
    package let message: [UInt8]
    package let every: TimeSpan

    init(_ settings: BeatSettings) {
        message = Array(settings.send.utf8)
        every = settings.every
    }
}

/// The types of clients' messages that go no further, on one kind of endpoint, and what they are answered.
package struct Absorption: Sendable {
    private let types: ByteMap
    private let answers: [AnswerTemplate?]
    /// Which of them shows a newer token; nil for none.
    let refresh: Int?
    /// The member that holds it.
    let refreshKeys: KeySet

    /// - Parameter refresh: which messages show a newer token; nil where none do.
    init(_ settings: [AbsorbedType], refresh: RefreshSettings? = nil) {
        types = ByteMap(settings.map(\.type) + (refresh.map { [$0.type] } ?? []))
        answers = settings.map { $0.answer.map { AnswerTemplate($0) } }
        self.refresh = refresh == nil ? nil : settings.count
        refreshKeys = KeySet(refresh.map { [$0.token] } ?? [], folding: refresh?.token)
    }

    /// Which of them a message's type is; nil for none.
    @inline(__always)
    func find(_ bytes: Span<UInt8>, _ type: JSONValue) -> Int? { types.find(bytes, type) }

    /// nil for a type that is only dropped.
    func answer(to found: Int) -> AnswerTemplate? { answers.indices.contains(found) ? answers[found] : nil }
}
