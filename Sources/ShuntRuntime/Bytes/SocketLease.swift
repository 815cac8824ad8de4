import ShuntCore

/// What a socket is counted in by, and gives back once when it ends.
enum SocketLease {
    /// A client's: its place, and its session's.
    ///
    /// - Parameters:
    ///   - host: its address, as it was counted in by.
    ///   - session: nil for a client that is a session of its own.
    case client(host: String, session: SessionKey?)
    /// A connection's to an upstream of that name; `takesPlace` where it is counted as a client too.
    case upstream(String, takesPlace: Bool)

    func giveBack(to process: ProcessState, now: Instant) {
        switch self {
        case .client(let host, let session):
            process.admission.leave(from: host)
            if let session { process.sessions.leave(session, now: now) }
        case .upstream(let name, let takesPlace):
            process.leases.release(name)
            if takesPlace { process.admission.leavePlace() }
        }
    }
}
