import Logging
import ShuntConfig
import ShuntCore
import ShuntPlane
import ShuntStore
import Testing

@Suite struct RestoringTests {
    private let log = EventLog()

    private func restored(_ text: String, _ kept: [StoredOverride]) async throws -> InForce {
        let settings = try #require(ConfigReader.read(text: text, file: "config.yaml", environment: [:]).settings)
        let store = MemoryStore()
        for override in kept {
            await store.put(
                override, AuditEntry(at: .now, by: "ada", action: .set, subject: "", to: "", reason: ""))
        }
        return await InForce.restored(
            settings, from: store, log: log, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func `overrides that are kept are in force again`() async throws {
        let override = StoredOverride(subject: .route("guide"), value: "25%", at: .now, by: "ada", reason: "")
        let table = try await restored(PlaneKit.text, [override]).table()
        #expect(table.route(named: "guide")?.decision.rollout.text == "25%")
        #expect(log.events(after: 0, limit: 9).isEmpty)
    }

    @Test func `an override that the file makes impossible is left out and told, and the others count`() async throws {
        let text = """
            routes:
              guide: {match: {agent_type: guide}, legacy: {upstream: {url: "ws://127.0.0.1:7101/"}}}
              other: {match: {agent_type: other}, hold: legacy, legacy: {upstream: {url: "ws://127.0.0.1:7101/"}}}
            """
        let kept = [
            StoredOverride(subject: .route("guide"), value: "unified", at: .now, by: "ada", reason: ""),
            StoredOverride(subject: .route("other"), value: "legacy", at: .now, by: "ada", reason: ""),
        ]
        let table = try await restored(text, kept).table()
        #expect(table.route(named: "guide")?.decision.rollout == .legacy)
        #expect(table.route(named: "other")?.decision.origin == .override)
        #expect(log.events(after: 0, limit: 9).map(\.kind) == ["override_impossible"])
    }

    @Test func `a store that cannot be read counts as empty`() async throws {
        let settings = try #require(
            ConfigReader.read(text: PlaneKit.text, file: "config.yaml", environment: [:]).settings)
        let inForce = await InForce.restored(
            settings, from: UnreadableStore(), log: log, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        #expect(inForce.overrides.isEmpty)
    }
}

private struct UnreadableStore: OverrideStore {
    private static let problem = StoreProblem.unreadable("shunt.db: it is no database")
    func overrides() async throws -> [StoredOverride] { throw Self.problem }
    func put(_ override: StoredOverride, _ entry: AuditEntry) async throws { throw Self.problem }
    func remove(_ subject: StoredOverride.Subject, _ entry: AuditEntry) async throws { throw Self.problem }
    func record(_ entry: AuditEntry) async throws { throw Self.problem }
    func audit(limit: Int, before: Int64?) async throws -> [AuditEntry] { throw Self.problem }
}
