import Logging
import ShuntCore

/// What all workers share: settings that never change while they run, and a few counts that are locked and touched only
/// when a socket comes or goes, never per message.
final class ProcessState: Sendable {
    let table: RoutingTable
    let listen: ListenSettings
    let workerCount: Int
    let logger: Logger
    /// Of the keyed hash that stands for a token: the same for all workers, another one in every process.
    let hashKey: (UInt64, UInt64)

    let admission: Admission
    let sessions: SessionDirectory
    let leases: UpstreamLeases
    let names: NameCache
    let sources: SourceAddresses
    let connector: Connector
    let transfer: SocketTransfer

    init(
        settings: ProxySettings, workerCount: Int, logger: Logger, connector: Connector = .tcp,
        transfer: SocketTransfer = .descriptor
    ) {
        table = settings.table
        listen = settings.listen
        self.workerCount = workerCount
        self.logger = logger
        hashKey = (UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max))
        let session = settings.table.definition.session
        admission = Admission(limits: settings.table.definition.limits, trusted: settings.listen.trustedProxies)
        // A message that outlived its socket may wait and be answered as late as this; its reply is parked from then on.
        let longest = settings.table.upstreams.map { $0.settings.queue.timeout + $0.settings.exchangeTimeout }.max()
        sessions = SessionDirectory(keepFor: session.linger + session.parkedFor + (longest ?? .zero))
        leases = UpstreamLeases()
        names = NameCache(lookup: HostLookup.addresses)
        sources = SourceAddresses()
        self.connector = connector
        self.transfer = transfer
    }
}
