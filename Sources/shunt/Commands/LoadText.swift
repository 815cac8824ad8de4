import ShuntCore
import ShuntLoad

/// A load test in words and figures.
enum LoadText {
    /// While it runs, in one line.
    static func line(_ progress: LoadRun.Progress) -> String {
        let latencies = progress.latencies
        var parts = [
            "\(progress.elapsed.milliseconds / 1000) s", "\(progress.open) sockets",
            "\(whole(progress.perSecond)) messages/s", "\(progress.waiting) waiting",
        ]
        if latencies.count > 0 {
            parts.append("p50 \(span(latencies.percentile(50)))  p99 \(span(latencies.percentile(99)))")
        }
        if progress.problems > 0 { parts.append("\(progress.problems) problems") }
        return parts.joined(separator: "  ")
    }

    static func table(_ report: LoadReport, _ plan: LoadPlan) -> String {
        var table = TextTable("load", "#")
        if plan.pace == .handshakes {
            table.add("handshakes", "\(report.opened)")
            table.add("handshakes a second", whole(report.handshakesPerSecond))
        } else {
            table.add("sockets opened", "\(report.opened) of \(report.sockets)")
            addMessages(of: report, to: &table)
        }
        table.add("handshake p50", span(report.opens.percentile(50)))
        table.add("handshake p99", span(report.opens.percentile(99)))
        for (name, count) in faults(report) where count > 0 { table.add(name, "\(count)") }
        table.add("messages without a number", "\(report.others)")
        if !plan.watched.roots.isEmpty {
            table.add("watched: µs each", tenths(report.watchedMicrosEach))
            table.add("watched: MiB before", tenths(Double(report.before.residentBytes) / 1_048_576))
            table.add("watched: MiB at the end", tenths(Double(report.residentAtEnd) / 1_048_576))
        }
        table.add("generator's processor", "\(whole(report.processorShare * 100)) %")
        var text = table.text
        for (title, counts) in [
            ("errors", report.errors), ("not opened", report.failedOpens), ("ended early", report.endedEarly),
        ] where !counts.isEmpty { text += "\(title): \(Printable.text(self.counts(counts)))\n" }
        if report.processorShare > 0.9 {
            text += "The generator was busy nearly all the time: latency and throughput may be its own limit.\n"
        }
        return text
    }

    private static func addMessages(of report: LoadReport, to table: inout TextTable) {
        table.add("messages sent", "\(report.sent)")
        table.add("answered", "\(report.answered)")
        table.add("messages a second", whole(report.perSecond))
        for told in LoadReport.told {
            table.add("latency \(told.name)", span(report.latencies.percentile(told.percent)))
        }
        table.add("latency at most", span(report.latencies.largest))
    }

    private static func tenths(_ number: Double) -> String {
        let tenths = Int(clamping: Int64((number * 10).rounded()))
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func faults(_ report: LoadReport) -> [(String, Int)] {
        [
            ("lost", report.lost), ("answered twice", report.doubled), ("out of order", report.reordered),
            ("replies to other sockets' messages", report.ofOthers), ("replies to nobody's message", report.unknown),
        ]
    }

    /// Why a test did not go well, in one line.
    static func complaint(_ report: LoadReport) -> String {
        var parts = faults(report).filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
        if !report.errors.isEmpty { parts.append("errors: \(counts(report.errors))") }
        if !report.failedOpens.isEmpty { parts.append("not opened: \(counts(report.failedOpens))") }
        if !report.endedEarly.isEmpty { parts.append("ended early: \(counts(report.endedEarly))") }
        return "not every message was answered once and in order: \(Printable.text(parts.joined(separator: "; ")))"
    }

    /// What occurred, the most often first.
    static func counts(_ counts: [String: Int]) -> String {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) (\($0.value))" }
            .joined(separator: ", ")
    }

    static func json(_ report: LoadReport, _ plan: LoadPlan) throws(CommandFailure) -> String {
        try JSONLine.text(LoadAnswer(report, plan))
    }

    private static func whole(_ number: Double) -> String { String(Int(clamping: Int64(number.rounded()))) }

    /// Microseconds in the unit that people read.
    private static func span(_ micros: Int) -> String {
        if micros < 1_000 { return "\(micros) µs" }
        let unit = micros < 1_000_000 ? (1_000, "ms") : (1_000_000, "s")
        let tenths = micros * 10 / unit.0
        return tenths < 1_000 ? "\(tenths / 10).\(tenths % 10) \(unit.1)" : "\(tenths / 10) \(unit.1)"
    }
}

/// A load test for programs.
struct LoadAnswer: Encodable {
    struct Latency: Encodable {
        let count: Int
        let min, p50, p90, p99, p999, p9999, max: Int
        let mean: Double

        init(_ latencies: LatencyHistogram) {
            count = latencies.count
            min = latencies.count > 0 ? latencies.smallest : 0
            p50 = latencies.percentile(50)
            p90 = latencies.percentile(90)
            p99 = latencies.percentile(99)
            p999 = latencies.percentile(99.9)
            p9999 = latencies.percentile(99.99)
            max = latencies.largest
            mean = latencies.mean
        }
    }

    let target: String
    let users, agents, sockets, opened: Int
    let loop: String
    let clean: Bool
    let sent, answered, lost, doubled, reordered, ofOthers, unknown, others: Int
    let errors, failedOpens, endedEarly: [String: Int]
    let seconds, perSecond, processorShare: Double
    let latencyMicros, handshakeMicros: Latency
    let bytesSent, bytesReceived: Int
    let handshakesPerSecond: Double
    /// Of the processes that were to be watched.
    let watched: Watched?

    struct Watched: Encodable {
        /// In the window.
        let seconds: Double
        let microsEach: Double
        let residentBefore, residentAtEnd: Int
    }

    init(_ report: LoadReport, _ plan: LoadPlan) {
        target = "\(plan.target.host):\(plan.target.port)"
        users = plan.users
        agents = plan.agents.count
        sockets = report.sockets
        opened = report.opened
        loop =
            switch plan.pace {
            case .inFlight: "closed"
            case .perSecond: "open"
            case .handshakes: "handshakes"
            }
        clean = report.isClean
        sent = report.sent
        answered = report.answered
        lost = report.lost
        doubled = report.doubled
        reordered = report.reordered
        ofOthers = report.ofOthers
        unknown = report.unknown
        others = report.others
        errors = report.errors
        failedOpens = report.failedOpens
        endedEarly = report.endedEarly
        seconds = report.windowSeconds
        perSecond = report.perSecond
        processorShare = report.processorShare
        latencyMicros = Latency(report.latencies)
        handshakeMicros = Latency(report.opens)
        bytesSent = report.bytesSent
        bytesReceived = report.bytesReceived
        handshakesPerSecond = report.handshakesPerSecond
        watched =
            plan.watched.roots.isEmpty
            ? nil
            : Watched(
                seconds: report.watchedSeconds, microsEach: report.watchedMicrosEach,
                residentBefore: report.before.residentBytes, residentAtEnd: report.residentAtEnd)
    }
}
