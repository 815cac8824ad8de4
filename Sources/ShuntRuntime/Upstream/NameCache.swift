import NIOCore
import NIOPosix
import Synchronization

/// The addresses of upstreams' hosts. A name is asked for once and again in the background when the answer is older than
/// `refreshAfter`; meanwhile, and when the name service fails, the old answer is used.
final class NameCache: Sendable {
    private struct Key: Hashable {
        var host: String
        var port: Int
    }

    private struct Entry {
        var addresses: [SocketAddress]
        var at: NIODeadline
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var asking: [Key: [EventLoopPromise<[SocketAddress]>]] = [:]
    }

    private static let refreshAfter = TimeAmount.seconds(30)

    private let state = Mutex(State())
    private let lookup: @Sendable (String, Int) -> [SocketAddress]

    /// - Parameter lookup: blocks; it is called on a thread pool.
    init(lookup: @escaping @Sendable (_ host: String, _ port: Int) -> [SocketAddress]) { self.lookup = lookup }

    /// What is known at once; empty where the name has to be asked for.
    func known(host: String, port: Int) -> [SocketAddress] {
        if let address = Self.literal(host, port) { return [address] }
        let key = Key(host: host, port: port)
        return state.withLock { state in
            guard let entry = state.entries[key] else { return [] }
            if NIODeadline.now() - entry.at > Self.refreshAfter { ask(key, nil, &state) }
            return entry.addresses
        }
    }

    /// Asks for the name. The result is empty where there is none.
    func addresses(host: String, port: Int, on eventLoop: any EventLoop) -> EventLoopFuture<[SocketAddress]> {
        let promise = eventLoop.makePromise(of: [SocketAddress].self)
        state.withLock { ask(Key(host: host, port: port), promise, &$0) }
        return promise.futureResult
    }

    private static func literal(_ host: String, _ port: Int) -> SocketAddress? {
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        return try? SocketAddress(ipAddress: bare, port: port)
    }

    /// One question for a name at a time, whoever asks.
    private func ask(_ key: Key, _ promise: EventLoopPromise<[SocketAddress]>?, _ state: inout sending State) {
        let isAsked = state.asking[key] != nil
        state.asking[key, default: []] += promise.map { [$0] } ?? []
        guard !isAsked else { return }
        NIOThreadPool.singleton.submit { [self] poolState in
            answered(key, poolState == .active ? lookup(key.host, key.port) : [])
        }
    }

    private func answered(_ key: Key, _ addresses: [SocketAddress]) {
        let (waiting, result) = state.withLock { state in
            if !addresses.isEmpty || state.entries[key] == nil {
                state.entries[key] = addresses.isEmpty ? nil : Entry(addresses: addresses, at: .now())
            } else {
                state.entries[key]?.at = .now()
            }
            return (state.asking.removeValue(forKey: key) ?? [], state.entries[key]?.addresses ?? [])
        }
        for promise in waiting { promise.succeed(result) }
    }
}
