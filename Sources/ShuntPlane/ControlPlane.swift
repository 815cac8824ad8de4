package import Logging
import ShuntConcurrency
package import ShuntConfig
package import ShuntCore

/// Everything that can be changed while the proxy runs: what the file says, what overrides put above it, what is paused.
/// One change at a time; each is checked as a whole, made durable, handed to all workers, and only then reported.
package actor ControlPlane {
    package struct Identity: Sendable {
        let version: String
        let startedAt: UnixTime
        let workers: Int

        package init(version: String, startedAt: UnixTime, workers: Int) {
            self.version = version
            self.startedAt = startedAt
            self.workers = workers
        }
    }

    let identity: Identity
    let plane: any DataPlane
    let store: any OverrideStore
    let ledger: UsageLedger?
    let readFile: @Sendable () async -> ConfigOutcome
    let applied: @Sendable (ProxySettings) -> Void
    let stop: @Sendable () -> Void
    let log: EventLog
    let logger: Logger

    var inForce: InForce
    /// The table in force: the file's with everything that stands above it.
    package private(set) var table: RoutingTable
    /// Counts every change of what is in force. It begins at the process's start, in milliseconds: no process's revision
    /// can be taken for one of another, unless the wall clock went back.
    var revision: Int64
    var lastReload: ReloadStatus?
    /// Reloads that were put in force, and those that changed nothing because the file was bad.
    var reloads = (done: 0, failed: 0)
    var storeProblem: String?
    /// The workers run, and clients may come.
    var isServing = false
    var isDraining = false
    var isReloading = false
    private let changes = SerialQueue()

    /// - Parameters:
    ///   - ledger: who uses what; nil where that is not counted.
    ///   - readFile: reads the configuration again; it may block, and is called off the actor.
    ///   - applied: told what the file says when it is in force.
    ///   - stop: begins the graceful stop of the process.
    package init(
        identity: Identity, inForce: InForce, table: RoutingTable, plane: any DataPlane, store: any OverrideStore,
        storeProblem: String?, ledger: UsageLedger? = nil, log: EventLog, logger: Logger,
        readFile: @escaping @Sendable () async -> ConfigOutcome,
        applied: @escaping @Sendable (ProxySettings) -> Void = { _ in },
        stop: @escaping @Sendable () -> Void
    ) {
        self.identity = identity
        revision = identity.startedAt.milliseconds
        self.inForce = inForce
        self.table = table
        self.plane = plane
        self.store = store
        self.ledger = ledger
        self.storeProblem = storeProblem
        self.log = log
        self.logger = logger
        self.readFile = readFile
        self.applied = applied
        self.stop = stop
    }

    package func perform(
        _ change: ControlChange, by author: ChangeAuthor, revision seen: Int64?
    ) async throws(ControlProblem) -> ChangeReport {
        guard change == .reload else { return try await inTurn(change, nil, by: author, revision: seen) }
        if isReloading { throw .busy }
        isReloading = true
        // Before its turn: a file that cannot be read (its file system hangs) holds up no other change. Whoever asks
        // from here on reads again, and comes behind this one.
        let file = await readFile()
        isReloading = false
        return try await inTurn(change, file, by: author, revision: seen)
    }

    /// Makes a change when those that were begun before it are made.
    ///
    /// - Parameter file: what a reload has read.
    private func inTurn(
        _ change: ControlChange, _ file: ConfigOutcome?, by author: ChangeAuthor, revision seen: Int64?
    ) async throws(ControlProblem) -> ChangeReport {
        try await changes.run { () async throws(ControlProblem) -> ChangeReport in
            try await self.make(change, file, by: author, revision: seen)
        }
    }

    private func make(
        _ change: ControlChange, _ file: ConfigOutcome?, by author: ChangeAuthor, revision seen: Int64?
    ) async throws(ControlProblem) -> ChangeReport {
        if let seen, seen != revision { throw .conflict(seen: seen, now: revision) }
        if isDraining, change != .drain { throw .stopping }
        if let file { return try await reload(file, author) }
        return try await make(change, by: author)
    }

    private func make(_ change: ControlChange, by author: ChangeAuthor) async throws(ControlProblem) -> ChangeReport {
        switch change {
        case .setRoute(let name, let rollout):
            try check(route: name)
            return try await put(.route(name), rollout.text, author)
        case .unsetRoute(let name):
            // Of a route that the file has no more, too.
            if inForce.overrides[.route(name)] == nil { try check(route: name) }
            return try await remove(.route(name), author)
        case .setPhase(let phase): return try await put(.phase, phase.rawValue, author)
        case .unsetPhase: return try await remove(.phase, author)
        case .pause(let name): return try await pause(name, true, author)
        case .resume(let name): return try await pause(name, false, author)
        case .reconnect(let name):
            try check(route: name)
            await plane.reconnect(name)
            return await told(.reconnect, name, author, ["\(name): connections are replaced as they become idle"])
        case .kick(let choice, let block): return await kick(choice, block, author)
        case .reload: return try await reload(await readFile(), author)
        case .drain:
            guard !isDraining else { throw .stopping }
            isDraining = true
            let report = await told(.drain, "", author, ["the proxy drains and stops"])
            stop()
            return report
        }
    }

    /// No user's name is written down: the audit trail is on disk, and claims are in memory only.
    private func kick(_ choice: SessionChoice, _ block: TimeSpan, _ author: ChangeAuthor) async -> ChangeReport {
        let report = await plane.kick(choice, block: block)
        let names = report.sessions.sorted().prefix(10).joined(separator: ", ")
        let more = report.sessions.count > 10 ? " and \(report.sessions.count - 10) more" : ""
        let ended =
            report.sessions.isEmpty
            ? "no session was ended" : "ended with \(report.sockets) socket(s): \(names)\(more)"
        var notes: [String] = []
        if block > .zero {
            notes.append(
                "blocked for \(block.milliseconds / 1000) s, until a restart at most: credentials of before let nobody in"
            )
        }
        return await told(.kick, "", author, [ended], notes)
    }

    /// Puts a state in force: all workers have it when this returns.
    func bring(_ next: InForce, _ table: RoutingTable) async {
        inForce = next
        self.table = table
        revision += 1
        await plane.publish(table, spread: next.settings.drain.spread)
    }

    func check(route name: String) throws(ControlProblem) {
        if inForce.settings.table.route(named: name) != nil { return }
        let names = inForce.settings.table.routes.map(\.name)
        throw .unknownRoute(name, meant: NearestWord.to(name, among: names))
    }

    // MARK: Overrides

    private func put(
        _ subject: StoredOverride.Subject, _ value: String, _ author: ChangeAuthor
    ) async throws(ControlProblem) -> ChangeReport {
        let override = StoredOverride(subject: subject, value: value, at: .now, by: author.name, reason: author.reason)
        var next = inForce
        next.overrides[subject] = override
        let table = try next.table()
        let entry = entry(subject == .phase ? .phase : .set, subject, to: next, author)
        try await write { try await $0.put(override, entry) }
        return await overridden(next, table, "override_set", entry)
    }

    private func remove(
        _ subject: StoredOverride.Subject, _ author: ChangeAuthor
    ) async throws(ControlProblem) -> ChangeReport {
        guard inForce.overrides[subject] != nil else {
            throw .notPossible("there is no override of \(subject.text)")
        }
        var next = inForce
        next.overrides[subject] = nil
        let table = try next.table()
        let entry = entry(.remove, subject, to: next, author)
        try await write { try await $0.remove(subject, entry) }
        return await overridden(next, table, "override_removed", entry)
    }

    private func overridden(
        _ next: InForce, _ table: RoutingTable, _ kind: String, _ entry: AuditEntry
    ) async -> ChangeReport {
        let changed = next.changes(from: inForce)
        var notes: [String] = []
        if changed.isEmpty { notes.append("nothing is served differently by this") }
        await bring(next, table)
        let subject = entry.subject.isEmpty ? "phase" : entry.subject
        let reason = entry.reason.isEmpty ? "no reason given" : entry.reason
        log.add(kind, subject: entry.subject, "\(subject): \(entry.from) → \(entry.to) by \(entry.by): \(reason)")
        logger.notice(
            "override", metadata: ["subject": "\(subject)", "from": "\(entry.from)", "to": "\(entry.to)"])
        return ChangeReport(revision: revision, changed: changed, notes: notes)
    }

    private func entry(
        _ action: AuditEntry.Action, _ subject: StoredOverride.Subject, to next: InForce, _ author: ChangeAuthor
    ) -> AuditEntry {
        AuditEntry(
            at: .now, by: author.name, action: action, subject: subject.route ?? "",
            from: inForce.text(of: subject), to: next.text(of: subject), reason: author.reason)
    }

    private func write(
        _ body: @Sendable (any OverrideStore) async throws -> Void
    ) async throws(ControlProblem) {
        do {
            try await body(store)
            storeProblem = nil
        } catch {
            let text = (error as? StoreProblem)?.text ?? "\(error)"
            storeProblem = text
            log.add("store_failed", level: "error", text)
            logger.error("the store failed", metadata: ["problem": "\(text)"])
            throw .store(text)
        }
    }

    // MARK: Pauses and other actions

    private func pause(
        _ name: String, _ isPaused: Bool, _ author: ChangeAuthor
    ) async throws(ControlProblem) -> ChangeReport {
        if isPaused || !inForce.paused.contains(name) { try check(route: name) }
        guard inForce.paused.contains(name) != isPaused else {
            return ChangeReport(
                revision: revision, changed: [], notes: ["\(name) is \(isPaused ? "paused already" : "not paused")"])
        }
        var next = inForce
        if isPaused { next.paused.insert(name) } else { next.paused.remove(name) }
        let table = try next.table()
        let changed = next.changes(from: inForce)
        await bring(next, table)
        return await told(isPaused ? .pause : .resume, name, author, changed)
    }

    /// Records what was done already. That it cannot be recorded undoes nothing: what is done here must be possible when
    /// a disk is full.
    func told(
        _ action: AuditEntry.Action, _ route: String, _ author: ChangeAuthor, _ changed: [String],
        _ notes: [String] = []
    ) async -> ChangeReport {
        let entry = AuditEntry(
            at: .now, by: author.name, action: action, subject: route, to: changed.first ?? "", reason: author.reason)
        var notes = notes
        do throws(ControlProblem) {
            try await write { try await $0.record(entry) }
        } catch {
            notes.append("not in the audit trail: the store failed")
        }
        log.add(action.rawValue, subject: route, (changed.first ?? action.rawValue) + " (by \(author.name))")
        return ChangeReport(revision: revision, changed: changed, notes: notes)
    }
}

extension StoredOverride.Subject {
    var route: String? { if case .route(let name) = self { name } else { nil } }
    var text: String { route.map { "the route \($0)" } ?? "the phase" }
}

extension StoreProblem {
    /// For people.
    package var text: String {
        switch self {
        case .unwritable(let text), .unreadable(let text): text
        }
    }
}

extension InForce {
    /// What is in force for a subject.
    fileprivate func text(of subject: StoredOverride.Subject) -> String {
        let definition = definition
        guard let name = subject.route else { return definition.phase.rawValue }
        return definition.routes.first { $0.name == name }?.decision(in: definition.phase).rollout.text ?? ""
    }
}
