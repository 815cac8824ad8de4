package import ShuntCore

extension EventLog {
    /// Keeps a worker's note about an upstream, where people want to know it.
    package func add(_ note: ProxyNote) {
        let upstream = note.upstream
        switch note.note {
        case .breakerOpened:
            add(
                "breaker_opened", level: "warning", subject: upstream,
                "\(upstream) does not answer: dials wait")
        case .breakerClosed:
            add("breaker_closed", level: "info", subject: upstream, "\(upstream) answers again")
        case .connectionRetired, .dialFailed, .unexpectedReply, .upstreamClosed, .unlistedType:
            // Per connection: for the log, too many for people.
            break
        }
    }
}
