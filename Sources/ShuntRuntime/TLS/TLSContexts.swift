import Logging
package import ShuntCore
import ShuntReactor
import Synchronization

/// What TLS is spoken with, on both sides. Made from files by whoever puts settings into force, never on a worker's
/// thread; a worker only looks one up. Locked, and touched only when a socket comes.
final class TLSContexts: Sendable {
    /// Sessions are resumed within one context: so each upstream has its own, of each kind of trust.
    private struct Key: Hashable {
        let upstream: String
        let settings: TLSClientSettings

        init(_ upstream: UpstreamSettings) {
            self.upstream = upstream.name
            settings = upstream.tls
        }
    }

    private struct State {
        var listening: TLSContext?
        var dialling: [Key: Result<TLSContext, TLSProblem>] = [:]
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// Of a listening side; nil where clients connect in the clear.
    var listening: TLSContext? { state.withLock { $0.listening } }

    /// Of an upstream that is dialled with TLS.
    ///
    /// - Throws: `TLSProblem` where its files cannot be used.
    func dialling(_ upstream: UpstreamSettings) throws(TLSProblem) -> TLSContext {
        let known = state.withLock { $0.dialling[Key(upstream)] }
        guard let known else { throw TLSProblem(.unusable, detail: "not made yet") }
        return try known.get()
    }

    /// Makes those that the table's upstreams need and that are not there, and drops the others.
    ///
    /// - Parameter anew: the files have changed: all are made again. One that cannot be made stays as it was.
    func prepare(for table: RoutingTable, anew: Bool = false) {
        let wanted = table.upstreams.map(\.settings).filter(\.address.tls)
        let before = state.withLock { $0.dialling }
        var made: [Key: Result<TLSContext, TLSProblem>] = [:]
        for upstream in wanted where made[Key(upstream)] == nil {
            let old = try? before[Key(upstream)]?.get()
            if !anew, let old {
                made[Key(upstream)] = .success(old)
                continue
            }
            made[Key(upstream)] = Self.make(upstream.tls)
            guard case .failure(let problem) = made[Key(upstream)] else { continue }
            logger.error(
                "TLS towards an upstream cannot be set up",
                metadata: ["upstream": "\(upstream.name)", "problem": "\(problem)"])
            if let old { made[Key(upstream)] = .success(old) }
        }
        let dialling = made
        state.withLock { $0.dialling = dialling }
    }

    private static func make(_ settings: TLSClientSettings) -> Result<TLSContext, TLSProblem> {
        do throws(TLSProblem) { return .success(try TLSContext(settings)) } catch { return .failure(error) }
    }

    /// Makes the listening side's, with tickets of its own; one that is there stays where that fails.
    ///
    /// - Throws: `TLSProblem` where a file cannot be used.
    func listen(with settings: TLSServerSettings?) throws(TLSProblem) {
        let context: TLSContext?
        if let settings { context = try TLSContext(settings) } else { context = nil }
        state.withLock { $0.listening = context }
    }
}

extension Proxy {
    /// Takes the files of TLS as they are now, for connections that come from now on. What cannot be used is said, and what
    /// was there before stays.
    ///
    /// - Parameter settings: in force from now on, but for the table.
    package func renewTLS(_ settings: ListenSettings) {
        // Turning it on or off needs a restart.
        if process.listen.tls != nil, let tls = settings.tls {
            do throws(TLSProblem) {
                try process.tls.listen(with: tls)
            } catch {
                logger.error("the certificates of before stay", metadata: ["problem": "\(error)"])
            }
        }
        process.tls.prepare(for: table, anew: true)
    }
}
