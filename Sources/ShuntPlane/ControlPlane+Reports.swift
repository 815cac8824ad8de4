package import ShuntCore

extension ControlPlane: ProxyControl {
    package nonisolated var reports: any PlaneReports { plane }

    package func status() async -> ProxyStatus {
        let census = await plane.census()
        let tally = await plane.tally()
        var status = ProxyStatus(
            version: identity.version, startedAt: identity.startedAt, revision: revision,
            phase: table.definition.phase, phaseIsOverride: inForce.phaseOverride != nil,
            phaseOfFile: inForce.settings.table.definition.phase, isDraining: isDraining,
            workers: isServing ? identity.workers : 0,
            census: census, tally: tally, lastReload: lastReload, storeProblem: storeProblem)
        status.certificates = inForce.settings.certificates
        return status
    }

    package func routes() async -> [RouteStatus] {
        let (table, inForce) = (table, inForce)
        let tallies = await plane.routeReport()
        // A reload in between has other places; the next answer is right again.
        let fits = tallies.count == table.routes.count
        let wall = UnixTime.now
        return table.routes.map { route in
            let settings = table.definition.routes[route.index]
            var line = inForce.settings.lines.line(of: route.name, route.decision.origin)
            if route.decision.origin == .phase, inForce.phaseOverride != nil { line = nil }
            return RouteStatus(
                name: route.name, match: route.match, endpoint: settings.endpoint?.path, decision: route.decision,
                fileSays: settings.servedBy, line: line, override: inForce.overrides[.route(route.name)],
                isPaused: route.isPaused, legacyUpstream: route.legacy?.settings.name,
                unifiedUpstream: route.unified?.settings.name, tally: fits ? tallies[route.index] : RouteTally(),
                life: settings.endpoint.map { _ in EndpointLife(of: route.name, in: table.definition, at: wall) })
        }
    }

    package func events(after id: Int64?, limit: Int) async -> [ProxyEvent] { log.events(after: id, limit: limit) }

    package nonisolated func eventStream() -> AsyncStream<ProxyEvent> { log.stream() }

    package func audit(limit: Int, before id: Int64?) async throws(ControlProblem) -> [AuditEntry] {
        do {
            return try await store.audit(limit: limit, before: id)
        } catch {
            throw .store((error as? StoreProblem)?.text ?? "\(error)")
        }
    }

    package func usage(_ query: UsageQuery) async throws(ControlProblem) -> UsageReport {
        guard let ledger else { throw .notPossible("use is not counted: usage.enabled is false") }
        return try await ledger.report(query, endpoints: table.endpoints)
    }

    package func preview(phase: Phase) async -> PhasePreview { inForce.preview(of: phase) }
}

extension ControlPlane {
    /// Everything for `/metrics` but the process's own figures.
    ///
    /// - Parameter workers: what the workers have counted. They are asked by others, because nothing here may wait for them.
    package func metrics(_ workers: (sum: WorkerReport, parts: [MetricsReport.Part])) async -> MetricsReport {
        let usage = await ledger?.figures
        var report = MetricsReport(
            version: identity.version, startedAt: identity.startedAt, revision: revision, isDraining: isDraining,
            reloads: reloads.done, failedReloads: reloads.failed, lastReload: lastReload,
            isStoreFailing: storeProblem != nil, sum: workers.sum, workers: workers.parts)
        report.isPhaseOverridden = inForce.phaseOverride != nil
        report.usage = usage
        report.certificates = inForce.settings.certificates
        return report
    }

    /// The PEM files that the configuration in force names.
    package var tlsFiles: [String] { Array(inForce.settings.tlsFiles.keys) }

    /// The proxy listens.
    package func beginService() { isServing = true }

    /// The process stops: nothing is changed any more, and it is not ready for new clients.
    package func beginDrain() { isDraining = true }
}
