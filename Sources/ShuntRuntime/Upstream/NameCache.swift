import ShuntReactor
import Synchronization

/// The addresses of hosts, with port 0. A name is asked for once, and again in the background when the answer is older than
/// `refreshAfter`; meanwhile, and when the name service fails, the old answer is used. That there is none is remembered
/// for a moment.
final class NameCache: Sendable {
    typealias Answer = @Sendable ([SocketAddress]) -> Void

    private struct Entry {
        /// Empty where the name service knows none.
        var addresses: [SocketAddress]
        var at: ContinuousClock.Instant
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// Who waits for the answer about a name.
        var asking: [String: [Answer]] = [:]
        /// Names that no thread has taken yet.
        var queue: [String] = []
        var threads = 0
    }

    private static let refreshAfter = Duration.seconds(30)
    private static let missingFor = Duration.seconds(1)
    /// Names that are asked for at the same time: a name service that hangs hangs so many threads.
    private static let mostThreads = 4
    /// Names that are remembered at all.
    private static let mostEntries = 10_000

    private let state = Mutex(State())
    private let lookup: @Sendable (String) -> [SocketAddress]

    private let now: @Sendable () -> ContinuousClock.Instant

    /// - Parameter lookup: blocks; it is called on threads of the cache's own.
    init(
        lookup: @escaping @Sendable (_ host: String) -> [SocketAddress],
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.lookup = lookup
        self.now = now
    }

    /// What is known at once, of an address that is written out too: empty where the host has none, nil where it has to be
    /// asked for.
    func known(_ host: String) -> [SocketAddress]? {
        if let address = SocketAddress(literal: host, port: 0) { return [address] }
        return state.withLock { state in
            guard let entry = state.entries[host] else { return nil }
            let age = now() - entry.at
            if entry.addresses.isEmpty { return age < Self.missingFor ? [] : nil }
            if age > Self.refreshAfter { ask(host, nil, &state) }
            return entry.addresses
        }
    }

    /// Asks for a host's addresses; `answer` is called once, on a thread of the cache's. One question for a name at a
    /// time, whoever asks.
    func ask(_ host: String, _ answer: @escaping Answer) {
        state.withLock { ask(host, answer, &$0) }
    }

    /// A host's addresses; empty where there are none.
    func addresses(of host: String) async -> [SocketAddress] {
        if let known = known(host) { return known }
        return await withCheckedContinuation { continuation in ask(host) { continuation.resume(returning: $0) } }
    }

    private func ask(_ host: String, _ answer: Answer?, _ state: inout sending State) {
        if state.asking[host] == nil { state.queue.append(host) }
        state.asking[host, default: []] += answer.map { [$0] } ?? []
        guard !state.queue.isEmpty, state.threads < Self.mostThreads else { return }
        state.threads += 1
        do {
            try SystemThread.start(named: "names") { [self] in answerAll() }
        } catch {
            // One that is there takes it; where there is none, whoever asks next tries again to have one.
            state.threads -= 1
        }
    }

    /// Takes names as long as there are any.
    private func answerAll() {
        while true {
            let name = state.withLock { state -> String? in
                guard !state.queue.isEmpty else {
                    state.threads -= 1
                    return nil
                }
                return state.queue.removeFirst()
            }
            guard let name else { return }
            answered(name, lookup(name))
        }
    }

    /// The name service has answered.
    func answered(_ host: String, _ addresses: [SocketAddress]) {
        let (waiting, result) = state.withLock { state in
            if state.entries.count >= Self.mostEntries { state.entries = [:] }
            // What was known stays, and is asked for again when it is old again.
            let old = state.entries[host]?.addresses ?? []
            state.entries[host] = Entry(addresses: addresses.isEmpty ? old : addresses, at: now())
            return (state.asking.removeValue(forKey: host) ?? [], state.entries[host]?.addresses ?? [])
        }
        for answer in waiting { answer(result) }
    }
}
