package import ShuntCore

/// The page that `/metrics` answers with. Every label is bounded by the file: routes, endpoints and upstreams are named in
/// it, all others are words of a fixed list. What never happened is left out where it has a code or a reason; a family's
/// name, type and meaning are always there.
package struct MetricsPage: Sendable {
    let report: MetricsReport
    var writer: MetricsWriter
    let labels: MetricsLabels
    var sum: WorkerReport { report.sum }
    var table: RoutingTable { report.sum.table }

    /// - Parameter cache: what was written of this table before; to be handed in again with the next page.
    package static func bytes(
        of report: MetricsReport, _ format: MetricsFormat, _ cache: MetricsLabelCache = MetricsLabelCache()
    ) -> [UInt8] {
        let labels = cache.labels(of: report.sum.table)
        var page = MetricsPage(
            report: report, writer: MetricsWriter(format, expecting: labels.expected), labels: labels)
        page.addProxy()
        page.addProcess()
        page.addChanges()
        page.addUsage()
        page.addCertificates()
        page.addClients()
        page.addMessages()
        page.addRoutes()
        page.addUpstreams()
        page.addWorkers()
        let bytes = page.writer.finished()
        cache.wrote(bytes.count, of: report.sum.table)
        return bytes
    }

    /// The proxy as a whole.
    private mutating func addProxy() {
        writer.gauge("shunt_build_info", "The version that runs; always 1.")
        writer.sample(1, ["version": report.version])
        writer.gauge("shunt_draining", "1 while the proxy stops gracefully.")
        writer.sample(report.isDraining ? 1 : 0)
        writer.gauge("shunt_phase", "1 for the phase of the migration that is in force, 0 for the others.")
        for phase in Phase.allCases {
            writer.sample(phase == table.definition.phase ? 1 : 0, ["phase": phase.rawValue])
        }
    }

    /// What is changed while it runs.
    private mutating func addChanges() {
        writer.gauge(
            "shunt_config_revision", "Counts every change of what is in force, from the process's start in ms on.")
        writer.sample(Int(clamping: report.revision))
        writer.counter("shunt_config_reloads", "Times that the file was read again, by what came of it.")
        writer.sample(report.reloads, ["result": "success"])
        writer.sample(report.failedReloads, ["result": "failure"])
        writer.gauge("shunt_config_last_reload_successful", "1 if the last reload was, or there was none.")
        writer.sample(report.lastReload?.succeeded == false ? 0 : 1)
        writer.gauge("shunt_phase_overridden", "1 where an override of the phase stands above the file.")
        writer.sample(report.isPhaseOverridden ? 1 : 0)
        writer.gauge("shunt_store_failing", "1 while overrides cannot be stored.")
        writer.sample(report.isStoreFailing ? 1 : 0)
    }

    /// The workers, and how fresh their parts of this page are.
    private mutating func addWorkers() {
        writer.gauge("shunt_workers", "Event loops that carry messages.")
        writer.sample(report.workers.count)
        writer.gauge(
            "shunt_worker_snapshot_age_seconds",
            "How old a worker's part of this page is: more than a moment where its loop is busy.")
        for part in report.workers {
            let age = part.age.map { Double($0.nanoseconds) / 1e9 } ?? .infinity
            writer.sample(age, ["worker": "\(part.worker)"])
        }
        writer.histogram(
            "shunt_worker_loop_lag_seconds", "How late timers fire on a worker's loop, looked at four times a second.")
        for part in report.workers { writer.sample(part.lag, ["worker": "\(part.worker)"]) }
        writer.counter("shunt_worker_turns", "Turns of a worker's loop: how often it waited for sockets.")
        for part in report.workers { writer.sample(part.turns.turns, ["worker": "\(part.worker)"]) }
        writer.counter("shunt_worker_events", "Sockets that were ready, over all turns of a worker's loop.")
        for part in report.workers { writer.sample(part.turns.events, ["worker": "\(part.worker)"]) }
        writer.counter(
            "shunt_worker_barren_turns",
            "Turns in which sockets were ready and nothing came of it: many in a row are a loop that spins.")
        for part in report.workers { writer.sample(part.turns.barren, ["worker": "\(part.worker)"]) }
        writer.gauge("shunt_worker_buffered_bytes", "Output that sockets have not taken yet.")
        for part in report.workers { writer.sample(part.bufferedBytes, ["worker": "\(part.worker)"]) }
        writer.gauge(
            "shunt_worker_socket_bytes", "What the sockets that a worker has count for in limits.memory, TLS included.")
        for part in report.workers { writer.sample(part.socketBytes, ["worker": "\(part.worker)"]) }
    }
}

/// Words for labels: enumerations of Swift in camel case, as Prometheus writes words.
enum LabelWord {
    static func snake(_ name: String) -> String {
        var word = ""
        for character in name {
            if character.isUppercase { word += "_" }
            word += character.lowercased()
        }
        return word
    }
}
