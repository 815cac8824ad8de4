import ShuntCore
import ShuntRuntime

extension Proxy: DataPlane {}

extension EventLog {
    /// What workers note about upstreams, as events.
    func add(_ note: ProxyNote) {
        switch note.note {
        case .breakerOpened:
            add(
                "breaker_opened", level: "warning", subject: note.upstream,
                "\(note.upstream) does not answer: dials wait")
        case .breakerClosed:
            add("breaker_closed", level: "info", subject: note.upstream, "\(note.upstream) answers again")
        case .connectionRetired, .dialFailed, .unexpectedReply:
            // Per connection: for the log, too many for people.
            break
        }
    }
}
