package import ShuntCore

/// What every write answers.
package struct ChangeAnswer: Codable, Sendable, Hashable {
    package var revision: Int64
    /// What is different now, one sentence each.
    package var changed: [String]
    /// What needs a restart, or is shadowed by an override, one sentence each.
    package var notes: [String]

    package init(_ report: ChangeReport) {
        revision = report.revision
        changed = report.changed
        notes = report.notes
    }
}

/// The body of `PUT /api/v1/routes/{name}/override`.
package struct OverrideRequest: Codable, Sendable, Hashable {
    /// `legacy`, `unified` or a share such as `25%`.
    package var servedBy: String
    package var reason: String?
    package init(servedBy: String, reason: String? = nil) {
        self.servedBy = servedBy
        self.reason = reason
    }
}

/// The body of `PUT /api/v1/phase`.
package struct PhaseRequest: Codable, Sendable, Hashable {
    package var phase: String
    package var reason: String?
    package init(phase: String, reason: String? = nil) {
        self.phase = phase
        self.reason = reason
    }
}

/// The body of `POST /api/v1/sessions/kick`.
package struct KickRequest: Codable, Sendable, Hashable {
    /// Of what `name` is the name: `session`, by its short name, or `user`.
    package var kind: String
    package var name: String
    /// Seconds.
    package var block: String?
    package var reason: String?

    package init(kind: String, name: String, block: String? = nil, reason: String? = nil) {
        self.kind = kind
        self.name = name
        self.block = block
        self.reason = reason
    }
}

/// The body of every other write: `{}` or a reason.
package struct ReasonRequest: Codable, Sendable, Hashable {
    package var reason: String?
    package init(reason: String? = nil) { self.reason = reason }
}
