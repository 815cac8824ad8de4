import DequeModule
package import ShuntCore

/// Overrides and their audit trail without a disk (`store: {url: memory:}`): they end with the process.
package actor MemoryStore: OverrideStore {
    /// Lines of the audit trail that are kept; the oldest go first, so that a talkative program cannot fill the memory.
    package static let lines = 10_000

    private var inForce: [StoredOverride.Subject: StoredOverride] = [:]
    private var trail: Deque<AuditEntry> = []
    private var lastID: Int64 = 0

    package init() {}

    package func overrides() -> [StoredOverride] {
        inForce.values.sorted { Self.order(of: $0.subject) < Self.order(of: $1.subject) }
    }

    package func put(_ override: StoredOverride, _ entry: AuditEntry) {
        inForce[override.subject] = override
        record(entry)
    }

    package func remove(_ subject: StoredOverride.Subject, _ entry: AuditEntry) {
        inForce[subject] = nil
        record(entry)
    }

    package func record(_ entry: AuditEntry) {
        lastID += 1
        var line = entry
        line.id = lastID
        trail.append(line)
        if trail.count > Self.lines { trail.removeFirst() }
    }

    package func audit(limit: Int, before: Int64?) -> [AuditEntry] {
        Array(trail.reversed().lazy.filter { $0.id < before ?? .max }.prefix(max(limit, 0)))
    }

    /// As the database sorts: the phase, then routes by name.
    private static func order(of subject: StoredOverride.Subject) -> (Int, String) {
        switch subject {
        case .phase: (0, "")
        case .route(let name): (1, name)
        }
    }
}
