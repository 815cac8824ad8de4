import Glibc
import Logging
import ShuntCore
import ShuntReactor

/// Where clients connect: one listening socket per configured address, each with a worker that deals its connections
/// out.
struct Listeners {
    private struct Place {
        let address: ListenAddress
        /// Of a Unix socket.
        let file: UnixSocketFile?
    }

    private let places: [Place]
    private let workers: Workers

    /// Listens on all addresses, or on none.
    static func start(
        _ settings: ListenSettings, names: NameCache, workers: Workers
    ) async throws(ProxyError) -> Listeners {
        var places: [Place] = []
        for (index, address) in settings.clients.enumerated() {
            do {
                let (descriptor, place) = try await listen(on: address, settings, names)
                places.append(place)
                try await workers.ask(index % max(1, workers.count)) { _ = try ListeningSocket(descriptor, worker: $0) }
            } catch {
                await Listeners(places: places, workers: workers).stop()
                throw ProxyError.cannotListen(address, reason: reason(error))
            }
        }
        return Listeners(places: places, workers: workers)
    }

    /// The addresses that are listened on, with the ports that the system chose for port 0.
    var addresses: [ListenAddress] { places.map(\.address) }

    /// Accepts nobody any more. A Unix socket's file goes with it, unless another process has put its own there.
    func stop() async {
        for place in places { place.file?.remove() }
        _ = try? await workers.onEach { $0.stopListening() }
    }

    /// - Returns: the descriptor, which is the caller's to close.
    private static func listen(
        on address: ListenAddress, _ settings: ListenSettings, _ names: NameCache
    ) async throws -> (descriptor: CInt, Place) {
        switch address {
        case .tcp(let host, let port):
            let found = await names.addresses(of: host).first
            guard let found, let port = UInt16(exactly: port) else { throw SystemError(code: EADDRNOTAVAIL) }
            let descriptor = try SystemSocket.listen(
                on: found.with(port: port), .init(reusesPort: settings.reusePort))
            let bound = SystemSocket.localAddress(of: descriptor) ?? found.with(port: port)
            return (descriptor, Place(address: .tcp(host: bound.host, port: Int(bound.port)), file: nil))
        case .unix(let path):
            let (descriptor, file) = try UnixSocketFile.listen(at: path, replacing: settings.reusePort)
            return (descriptor, Place(address: .unix(path: file.path), file: file))
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? SystemError else { return "\(error)" }
        switch error.code {
        case EADDRINUSE: return "the address is in use"
        case EADDRNOTAVAIL: return "the address is not one of this machine's"
        case EACCES: return "not permitted"
        default: return "\(error)"
        }
    }
}
