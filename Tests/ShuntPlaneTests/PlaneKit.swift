import Logging
import ShuntConfig
import ShuntCore
import ShuntPlane
import ShuntStore
import ShuntTesting
import Synchronization

/// A store that takes nothing.
struct FullStore: OverrideStore {
    static let problem = StoreProblem.unwritable("shunt.db: the disk is full: make room")
    func overrides() async throws -> [StoredOverride] { [] }
    func put(_ override: StoredOverride, _ entry: AuditEntry) async throws { throw Self.problem }
    func remove(_ subject: StoredOverride.Subject, _ entry: AuditEntry) async throws { throw Self.problem }
    func record(_ entry: AuditEntry) async throws { throw Self.problem }
    func audit(limit: Int, before: Int64?) async throws -> [AuditEntry] { throw Self.problem }
}

/// A control plane over a file whose text a test can change.
final class PlaneKit: Sendable {
    let data = FakePlane()
    let log = EventLog()
    let plane: ControlPlane
    private let gate: Gate

    static let text = """
        phase: migrate
        unified: {upstream: {url: "ws://127.0.0.1:7200/api/ws/agent"}}
        routes:
          guide:
            match: {agent_type: guide}
            served_by: legacy
            legacy: {upstream: {url: "ws://127.0.0.1:7101/api/ws/guide"}}
          content:
            match: {agent_type: liaison, pillar: content}
            served_by: {unified: 25%}
            legacy: {upstream: {url: "ws://127.0.0.1:7101/api/ws/liaison/content"}}
          held:
            match: {agent_type: liaison, pillar: insights}
            served_by: unified
            hold: legacy
            legacy: {upstream: {url: "ws://127.0.0.1:7101/api/ws/liaison/insights"}}
        """

    /// Holds a reading of the file back, so that a test sees what happens meanwhile.
    final class Gate: Sendable {
        private let state = Mutex((isShut: false, waiting: [CheckedContinuation<Void, Never>]()))
        func shut() { state.withLock { $0.isShut = true } }
        func open() {
            let waiting = state.withLock { state in
                defer { state = (false, []) }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
        var isWaitedAt: Bool { state.withLock { !$0.waiting.isEmpty } }
        func pass() async {
            await withCheckedContinuation { continuation in
                let passes = state.withLock { state in
                    if state.isShut { state.waiting.append(continuation) }
                    return !state.isShut
                }
                if passes { continuation.resume() }
            }
        }
    }

    init(
        _ text: String = PlaneKit.text, store: any OverrideStore = MemoryStore(), startedAt: UnixTime = .now
    ) throws {
        struct BadText: Error {}
        let outcome = ConfigReader.read(text: text, file: "config.yaml", environment: [:])
        guard let settings = outcome.settings else { throw BadText() }
        let source = SharedText(text)
        let gate = Gate()
        let stops = SharedCount()
        plane = ControlPlane(
            identity: .init(version: "1", startedAt: startedAt, workers: 1), inForce: InForce(settings: settings),
            table: settings.table, plane: data, store: store, storeProblem: nil, log: log,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            readFile: {
                await gate.pass()
                return ConfigReader.read(text: source.text, file: "config.yaml", environment: [:])
            }, stop: { stops.add() })
        self.gate = gate
        self.source = source
        self.stops = stops
    }

    private let source: SharedText
    private let stops: SharedCount
    var reading: Gate { gate }
    var stopCount: Int { stops.count }
    func write(_ text: String) { source.text = text }

    @discardableResult
    func perform(
        _ change: ControlChange, revision: Int64? = nil, reason: String = "because"
    ) async throws(ControlProblem) -> ChangeReport {
        try await plane.perform(change, by: ChangeAuthor(name: "ada", reason: reason), revision: revision)
    }

    /// Why a change is refused; nil when it is not.
    func refusal(_ change: ControlChange, revision: Int64? = nil) async -> ControlProblem? {
        do throws(ControlProblem) {
            try await perform(change, revision: revision)
            return nil
        } catch {
            return error
        }
    }
}

final class SharedText: Sendable {
    private let value: Mutex<String>
    init(_ text: String) { value = Mutex(text) }
    var text: String {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}

final class SharedCount: Sendable {
    private let value = Mutex(0)
    func add() { value.withLock { $0 += 1 } }
    var count: Int { value.withLock { $0 } }
}
