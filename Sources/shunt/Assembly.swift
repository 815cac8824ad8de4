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
    /// Nil runs the proxy alone.
    let demo: DemoPlan?
    let rules: LogRules
    let logger: Logger

    func run() async throws {
        let (store, storeProblem) = openStore()
        let log = EventLog()
        let inForce = await restore(store, log)
        let table = (try? inForce.table()) ?? settings.table
        var effective = settings
        effective.table = table
        var front: DemoFront?
        if let demo { front = await DemoFront.open(demo, settings: effective, logger: logger) }
        effective.listen.ownPages = front?.origins ?? []
        let proxy = Proxy(settings: effective, logger: logger) { log.add($0) }
        let stop = StopSwitch()
        let rules = rules
        let plane = ControlPlane(
            identity: .init(
                version: shuntVersion, startedAt: .now, workers: max(1, settings.listen.workers ?? Self.cores)),
            inForce: inForce, table: table, plane: proxy, store: store, storeProblem: storeProblem, log: log,
            logger: logger, readFile: reader,
            applied: { rules.apply($0) }, stop: { stop.throwIt() })
        var services: [any Service] = []
        if demo != nil { services.append(DemoService(settings: effective, logger: logger)) }
        services.append(
            ProxyService(proxy: proxy, plane: plane, table: table, logger: logger) { [front] in
                front?.proxyListens(on: $0)
            })
        services.append(ReloadService(path: config, plane: plane, logger: logger))
        if settings.admin.address != nil {
            services.append(ControlService(settings: settings.admin, control: plane, logger: logger))
        }
        if let front { services.append(front) }
        // Stopped in reverse order: the demo's clients leave first; the proxy drains while the demo agents still answer.
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
    private func openStore() -> (any OverrideStore, problem: String?) {
        guard case .sqlite(let path) = settings.store.place else { return (MemoryStore(), nil) }
        do throws(StoreProblem) {
            let opening = try SQLiteStore.open(path: path)
            for note in opening.notes { logger.error("store", metadata: ["note": "\(note)"]) }
            return (opening.store, nil)
        } catch {
            logger.error(
                "the store cannot be opened: overrides that were set before are not in force, and none can be set",
                metadata: ["problem": "\(error.text)"])
            return (BrokenStore(problem: error), error.text)
        }
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
