import ShuntCore

/// The process and what it writes.
extension MetricsPage {
    /// The families that client libraries of Prometheus have, by their names: dashboards know them. What the system does
    /// not tell is left out.
    mutating func addProcess() {
        writer.gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.")
        writer.sample(Double(report.startedAt.milliseconds) / 1000)
        let process = report.process
        if let seconds = process.cpuSeconds {
            writer.counter("process_cpu_seconds", "Total user and system CPU time spent in seconds.")
            writer.sample(seconds)
        }
        let gauges: [(String, String, Int?)] = [
            ("process_resident_memory_bytes", "Resident memory size in bytes.", process.residentBytes),
            ("process_virtual_memory_bytes", "Virtual memory size in bytes.", process.virtualBytes),
            ("process_open_fds", "Number of open file descriptors.", process.openFiles),
            ("process_max_fds", "Maximum number of open file descriptors.", process.maxFiles),
        ]
        for (name, help, value) in gauges {
            guard let value else { continue }
            writer.gauge(name, help)
            writer.sample(value)
        }
    }

    /// The usage ledger, where there is one.
    mutating func addUsage() {
        guard let usage = report.usage else { return }
        writer.counter("shunt_usage_flushes", "Times that the usage ledger was written, by what came of it.")
        writer.sample(usage.written, ["result": "success"])
        writer.sample(usage.failed, ["result": "failure"])
        writer.counter("shunt_usage_rows_lost", "Rows of the usage ledger that waited too long for their store.")
        writer.sample(usage.lostRows)
        writer.gauge("shunt_usage_rows_waiting", "Rows of the usage ledger that their store has not taken yet.")
        writer.sample(usage.waitingRows)
    }

    /// The certificates that the configuration names: clients', upstreams' and the admin listener's.
    mutating func addCertificates() {
        writer.gauge(
            "shunt_certificate_expiry_timestamp_seconds",
            "When a certificate of the configuration expires, since unix epoch in seconds.")
        for certificate in report.certificates {
            writer.sample(Int(clamping: certificate.notAfter), ["file": certificate.file])
        }
    }
}
