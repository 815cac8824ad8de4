import Foundation
import Logging
import ServiceLifecycle
import ShuntAuth
import ShuntConfig
import ShuntControl
import ShuntCore
import ShuntPlane
import ShuntReactor
import ShuntRuntime
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
        let stores = Stores(settings.store, logger: logger)
        defer { stores.close() }
        let log = EventLog()
        let inForce = await InForce.restored(settings, from: stores.overrides, log: log, logger: logger)
        let table = (try? inForce.table()) ?? settings.table
        var effective = settings
        effective.table = table
        var front: DemoFront?
        if let demo { front = await DemoFront.open(demo, settings: effective, logger: logger) }
        effective.listen.ownPages = front?.origins ?? []
        let usageKey = settings.usage.isOn ? await stores.usageKey() : nil
        let auth = CredentialService(logger: logger, wall: { .now })
        await auth.adopt(table.definition)
        let proxy = Proxy(settings: effective, logger: logger, usageKey: usageKey, validator: auth) { log.add($0) }
        let ledger = usageKey.map { _ in
            UsageLedger(
                settings: settings.usage, store: stores.usage, log: log, logger: logger,
                counted: { await proxy.takeUsage() })
        }
        let stop = StopSwitch()
        let (rules, adminTLS) = (rules, AdminTLS())
        let plane = ControlPlane(
            identity: .init(
                version: shuntVersion, startedAt: .now, workers: max(1, settings.listen.workers ?? Processors.count)),
            inForce: inForce, table: table, plane: proxy, store: stores.overrides, storeProblem: stores.problem,
            ledger: ledger,
            log: log, logger: logger, readFile: reader,
            applied: { [settings] applied in
                rules.apply(applied)
                renew(adminTLS, proxy, from: settings, to: applied)
                Task { await auth.adopt(applied.table.definition) }
            }, stop: { stop.throwIt() })
        var services: [any Service] = []
        var adminListens: AsyncStream<Void>?
        let adminFile = AdminSocketFile(settings)
        try adminFile.clear()
        defer { adminFile.remove() }
        if settings.admin.address != nil {
            let report = Self.report(plane, proxy)
            let sampler = LiveSampler(report: report, wall: { .now })
            let (stream, isUp) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            adminListens = stream
            services.append(
                ControlService(
                    settings: settings.admin, control: plane, logger: logger,
                    extra: [AdminAPI.metrics(report), AdminAPI.live(sampler)] + AdminAPI.dashboard, tls: adminTLS,
                    onListening: { _ in
                        adminFile.made()
                        isUp.yield()
                    }))
            services.append(sampler)
        }
        if demo != nil { services.append(DemoService(settings: effective, logger: logger)) }
        if let ledger {
            services.append(UsageService(ledger: ledger, every: settings.usage.flush) { await plane.table.endpoints })
        }
        services.append(
            ProxyService(proxy: proxy, plane: plane, table: table, logger: logger, adminListens: adminListens) {
                [front] in
                front?.proxyListens(on: $0)
            })
        services.append(ReloadService(path: config, plane: plane, logger: logger))
        if let front { services.append(front) }
        try await run(services, stop, auth)
    }

    /// Runs the services until a signal ends them, and lets go of what credentials were validated with.
    private func run(_ services: [any Service], _ stop: StopSwitch, _ auth: CredentialService) async throws {
        // Stopped in reverse order: the demo's clients leave first; the proxy drains while the demo agents still answer,
        // and what it counted last is written when it is gone. The admin listener tells of all that to the last.
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        stop.arm { await group.triggerGracefulShutdown() }
        do {
            try await group.run()
        } catch {
            await auth.stop()
            throw error
        }
        await auth.stop()
    }

    /// Loads what TLS is spoken with anew, on both listeners and towards upstreams: certificates may have been replaced.
    ///
    /// - Parameter begun: what the admin listener was opened with.
    private func renew(_ tls: AdminTLS, _ proxy: Proxy, from begun: ProxySettings, to settings: ProxySettings) {
        Task { await proxy.renewTLS(settings.listen) }
        guard begun.admin.tls != nil, let secured = settings.admin.tls else { return }
        do throws(ControlStartError) {
            try tls.load(secured)
        } catch {
            logger.error("the admin listener keeps its certificate", metadata: ["error": "\(error)"])
        }
    }

    /// Everything for `/metrics`.
    private static func report(_ plane: ControlPlane, _ proxy: Proxy) -> @Sendable () async -> MetricsReport {
        {
            var report = await plane.metrics(await proxy.metrics())
            report.process = ProcessReader.read()
            return report
        }
    }

    /// Reads the file again, on a thread that may block.
    private var reader: @Sendable () async -> ConfigOutcome {
        let path = config
        return {
            await withCheckedContinuation { done in
                DispatchQueue.global().async {
                    done.resume(returning: ConfigFile.read(path))
                }
            }
        }
    }
}

extension CredentialService {
    /// Puts what a table says of validation into force.
    fileprivate func adopt(_ definition: TableDefinition) async {
        await adopt(definition.session.validation, patience: definition.limits.handshakeTimeout)
    }
}
