/// A worker's note about an upstream, for whoever keeps a list of events.
package struct ProxyLogEvent: Sendable, Equatable {
    package let note: LoggedEvent
    /// The upstream's name; `removed` for one that the table has no more.
    package let upstream: String
    package let worker: Int

    package init(note: LoggedEvent, upstream: String, worker: Int) {
        self.note = note
        self.upstream = upstream
        self.worker = worker
    }
}
