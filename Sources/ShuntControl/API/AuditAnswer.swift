package import ShuntCore

/// `GET /api/v1/audit`: who changed what and why, newest first.
package struct AuditAnswer: Codable, Sendable, Hashable {
    package struct Line: Codable, Sendable, Hashable {
        package var id: Int64
        package var at: String
        package var by: String
        /// `set`, `remove`, `phase`, `pause`, `resume`, `reconnect`, `reload` or `drain`.
        package var action: String
        /// A route's name; empty where the whole proxy is meant.
        package var subject: String
        package var from: String
        package var to: String
        package var reason: String
    }

    package var entries: [Line]

    package init(_ entries: [AuditEntry]) {
        self.entries = entries.map {
            Line(
                id: $0.id, at: $0.at.text, by: $0.by, action: $0.action.rawValue, subject: $0.subject, from: $0.from,
                to: $0.to, reason: $0.reason)
        }
    }
}
