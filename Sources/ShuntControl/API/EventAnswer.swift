package import ShuntCore

/// `GET /api/v1/events`: the latest events, oldest first.
package struct EventsAnswer: Codable, Sendable, Hashable {
    package var events: [EventAnswer]
    package init(_ events: [ProxyEvent]) { self.events = events.map(EventAnswer.init) }
}

/// Something that happened. Also the data of each entry of the event stream, whose id it carries.
package struct EventAnswer: Codable, Sendable, Hashable {
    /// Ascending without gaps.
    package var id: Int64
    package var at: String
    /// `info`, `warning` or `error`.
    package var level: String
    /// A stable word: `override_set`, `reloaded`, `breaker_opened` …
    package var kind: String
    /// A route's or an upstream's name; empty where the whole proxy is meant.
    package var subject: String
    package var text: String

    package init(_ event: ProxyEvent) {
        id = event.id
        at = event.at.text
        level = event.level
        kind = event.kind
        subject = event.subject
        text = event.text
    }
}
