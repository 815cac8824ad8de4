import Glibc
import NIOCore
import ShuntCore

extension TransportState {
    /// Asks the system what TCP hears of a socket's other end; nil where it cannot say, as of a Unix socket, whose end
    /// the system tells by itself.
    init?(of channel: any Channel) {
        let asked = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            TransportState(descriptor: $0)
        }
        guard let state = asked ?? nil else { return nil }
        self = state
    }

    private init?(descriptor: CInt) {
        var info = tcp_info()
        var size = socklen_t(MemoryLayout<tcp_info>.size)
        guard getsockopt(descriptor, CInt(IPPROTO_TCP), TCP_INFO, &info, &size) == 0 else { return nil }
        // A peer whose window is full answers probes, one of which may be lost or unanswered for a while (Linux limits
        // how often it answers); and what was sent a moment ago is on its way.
        let isUnacknowledged = info.tcpi_unacked > 0 && info.tcpi_retransmits > 1 || info.tcpi_probes > 1
        self.init(
            silence: .milliseconds(Int64(min(info.tcpi_last_data_recv, info.tcpi_last_ack_recv))),
            isUnacknowledged: isUnacknowledged)
    }
}

extension Worker {
    func inspect(connection id: ConnectionID) {
        guard let channel = connections[id]?.hold.context?.channel, let state = TransportState(of: channel) else {
            return
        }
        feed(.connectionInspected(id, state))
    }

    func inspect(client id: ClientID) {
        guard let channel = clients[id]?.hold.context?.channel, let state = TransportState(of: channel) else { return }
        feed(.clientInspected(id, state))
    }
}
