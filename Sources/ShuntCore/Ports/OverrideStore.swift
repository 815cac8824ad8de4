/// Something that API or CLI set and that stands above the file until it is removed. It survives a restart.
package struct StoredOverride: Sendable, Hashable {
    /// The thing that is set.
    package enum Subject: Sendable, Hashable {
        case route(String)
        case phase
    }

    package var subject: Subject
    /// A `Rollout.text` for a route, a `Phase` for the phase.
    package var value: String
    package var at: UnixTime
    /// The author: the name of a token or of a user, never a secret.
    package var by: String
    package var reason: String

    package init(subject: Subject, value: String, at: UnixTime, by: String, reason: String) {
        self.subject = subject
        self.value = value
        self.at = at
        self.by = by
        self.reason = reason
    }
}

/// A line of the audit trail. Lines are never changed and never removed.
package struct AuditEntry: Sendable, Hashable {
    /// The kind of the change.
    package enum Action: String, Sendable, Hashable, CaseIterable {
        case set, remove, phase, pause, resume, reconnect, reload, drain, kick
    }

    /// Ascending; 0 until the store has given one.
    package var id: Int64
    package var at: UnixTime
    package var by: String
    package var action: Action
    /// A route's name; empty where the whole proxy is meant.
    package var subject: String
    /// The values in force before and after, as text; empty where that says nothing.
    package var from: String
    package var to: String
    package var reason: String

    package init(
        id: Int64 = 0, at: UnixTime, by: String, action: Action, subject: String, from: String = "", to: String = "",
        reason: String
    ) {
        self.id = id
        self.at = at
        self.by = by
        self.action = action
        self.subject = subject
        self.from = from
        self.to = to
        self.reason = reason
    }
}

/// Why a store did not do what it was asked for. Nothing of it was done.
package enum StoreProblem: Error, Sendable, Hashable {
    /// Cannot be written: read-only, locked, disk full. The text says which and what to do.
    case unwritable(String)
    /// Cannot be read: no database, broken, of a newer version.
    case unreadable(String)
}

/// Keeps overrides and the audit trail. The proxy goes on without it when it fails.
package protocol OverrideStore: Sendable {
    /// All overrides that are in force.
    func overrides() async throws -> [StoredOverride]
    /// Puts an override in the place of an earlier one of the same subject, with its line of the audit trail: both or
    /// neither.
    func put(_ override: StoredOverride, _ entry: AuditEntry) async throws
    /// Removes the override of a subject, if there is one, with its line: both or neither.
    func remove(_ subject: StoredOverride.Subject, _ entry: AuditEntry) async throws
    /// Adds a line that goes with no override.
    func record(_ entry: AuditEntry) async throws
    /// The latest lines, newest first.
    ///
    /// - Parameters:
    ///   - limit: how many at most.
    ///   - before: only lines with a smaller id; nil for the newest.
    func audit(limit: Int, before: Int64?) async throws -> [AuditEntry]
}
