import Foundation
import Logging
import ServiceLifecycle
import ShuntConfig
import ShuntControl
import ShuntCore
import ShuntRuntime
import ShuntStore
import UnixSignals

/// Puts the rooms together and runs them: the only place that knows them all.
struct Assembly: Sendable {
    let config: String
    let settings: ProxySettings
    let startsDemo: Bool
    let rules: LogRules
    let logger: Logger

    func run() async throws {
        let (store, storeProblem, usageStore) = openStore()
        let log = EventLog()
        let inForce = await restore(store, log)
        let table = (try? inForce.table()) ?? settings.table
        var effective = settings
        effective.table = table
        let usageKey = settings.usage.isOn ? await Self.hashKey(of: usageStore) : nil
        let proxy = Proxy(settings: effective, logger: logger, usageKey: usageKey) { log.add($0) }
        let ledger = usageKey.map { _ in
            UsageLedger(
                settings: settings.usage, store: usageStore, log: log, logger: logger,
                counted: { await proxy.takeUsage() })
        }
        let stop = StopSwitch()
        let rules = rules
        let plane = ControlPlane(
            identity: .init(
                version: shuntVersion, startedAt: .now, workers: max(1, settings.listen.workers ?? Self.cores)),
            inForce: inForce, table: table, plane: proxy, store: store, storeProblem: storeProblem, ledger: ledger,
            log: log, logger: logger, readFile: reader,
            applied: { rules.apply($0) }, stop: { stop.throwIt() })
        var services: [any Service] = []
        if startsDemo { services.append(DemoService(settings: effective, logger: logger)) }
        if let ledger {
            services.append(UsageService(ledger: ledger, every: settings.usage.flush) { await plane.table.endpoints })
        }
        services.append(ProxyService(proxy: proxy, plane: plane, table: table, logger: logger))
        services.append(ReloadService(path: config, plane: plane, logger: logger))
        if settings.admin.address != nil {
            let metrics = AdminAPI.metrics { await plane.metrics(await proxy.metrics()) }
            services.append(
                ControlService(settings: settings.admin, control: plane, logger: logger, extra: [metrics]))
        }
        // Stopped in reverse order: the proxy drains while the demo agents still answer, and what it counted last is
        // written when it is gone.
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        stop.arm { await group.triggerGracefulShutdown() }
        try await group.run()
    }

    private static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// Reads the file again, on a thread that may block.
    private var reader: @Sendable () async -> ConfigOutcome {
        let path = config
        return {
            await withCheckedContinuation { done in
                DispatchQueue.global().async {
                    done.resume(
                        returning: ConfigReader.read(path: path, environment: ProcessInfo.processInfo.environment))
                }
            }
        }
    }

    // MARK: The store

    /// A store that cannot be opened is said loudly; everything but overrides works without it.
    private func openStore() -> (any OverrideStore, problem: String?, usage: any UsageStore) {
        guard case .sqlite(let path) = settings.store.place else { return (MemoryStore(), nil, MemoryUsageStore()) }
        do throws(StoreProblem) {
            let opening = try SQLiteStore.open(path: path)
            for note in opening.notes { logger.error("store", metadata: ["note": "\(note)"]) }
            return (opening.store, nil, SQLiteUsageStore(opening.store.database))
        } catch {
            logger.error(
                """
                the store cannot be opened: overrides that were set before are not in force, and none can be set; use is \
                counted in memory only
                """,
                metadata: ["problem": "\(error.text)"])
            return (BrokenStore(problem: error), error.text, MemoryUsageStore())
        }
    }

    /// A ledger that cannot be read now may well be written later: sessions of this process then count by a key of its
    /// own.
    private static func hashKey(of store: any UsageStore) async -> UsageHashKey {
        if let key = try? await store.hashKey() { return key }
        return UsageHashKey(low: .random(in: 0...UInt64.max), high: .random(in: 0...UInt64.max))
    }

    /// The file with the overrides that are kept. One that the file makes impossible is left out, and said.
    private func restore(_ store: any OverrideStore, _ log: EventLog) async -> InForce {
        var inForce = InForce(settings: settings)
        let kept = (try? await store.overrides()) ?? []
        for override in kept {
            var next = inForce
            next.overrides[override.subject] = override
            do throws(ControlProblem) {
                _ = try next.table()
                inForce = next
                logger.notice(
                    "override in force",
                    metadata: [
                        "subject": "\(override.subject.text)", "value": "\(override.value)", "by": "\(override.by)",
                    ])
            } catch {
                log.add("override_impossible", level: "error", "\(override.subject.text): \(override.value): \(error)")
                logger.error(
                    "an override is left out: the file makes it impossible",
                    metadata: ["subject": "\(override.subject.text)", "value": "\(override.value)"])
            }
        }
        return inForce
    }
}

/// Stands in for a store that cannot be opened: it says so to whoever asks.
private struct BrokenStore: OverrideStore {
    let problem: StoreProblem
    func overrides() async throws -> [StoredOverride] { throw problem }
    func put(_ override: StoredOverride, _ entry: AuditEntry) async throws { throw problem }
    func remove(_ subject: StoredOverride.Subject, _ entry: AuditEntry) async throws { throw problem }
    func record(_ entry: AuditEntry) async throws { throw problem }
    func audit(limit: Int, before: Int64?) async throws -> [AuditEntry] { throw problem }
}
