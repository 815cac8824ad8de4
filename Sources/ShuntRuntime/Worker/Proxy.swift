package import Logging
import ShuntConcurrency
package import ShuntCore
import ShuntReactor

/// The running proxy: its listeners and workers. Started once, stopped once.
package actor Proxy {
    private let settings: ProxySettings
    let logger: Logger
    private let workerCount: Int
    let process: ProcessState
    private var listeners: Listeners?
    private var workers: Workers?
    private var stopping: Task<Void, Never>?
    /// What the workers told last; asked for by `metrics`.
    let reports = ReportBoard()
    private let probe: UpstreamProbe

    /// What the workers had counted when they ended.
    private var lastUsage = UsageBatch()

    /// Tables, handed out in the order of the calls.
    let publishing = SerialQueue()

    /// Nothing is listened on yet.
    ///
    /// - Parameters:
    ///   - usageKey: of the keyed hash that stands for a session in the ledger; nil: use is not counted.
    ///   - validator: asked about credentials where the settings want them validated.
    ///   - onNote: called on a worker's thread for what upstreams and connections do, never for a message: it must not
    ///     block.
    ///   - wallClock: nil is the system's.
    package init(
        settings: ProxySettings, logger: Logger, usageKey: UsageHashKey? = nil,
        validator: (any CredentialValidator)? = nil, onNote: (@Sendable (ProxyLogEvent) -> Void)? = nil,
        wallClock: (@Sendable () -> UnixTime)? = nil
    ) {
        self.settings = settings
        self.logger = logger
        workerCount = max(1, settings.listen.workers ?? Processors.count)
        process = ProcessState(
            settings: settings, workerCount: workerCount, logger: logger, usageKey: usageKey, validator: validator,
            onNote: onNote,
            wallClock: wallClock ?? WallClock.now)
        probe = UpstreamProbe(names: process.names)
    }

    /// Listens.
    ///
    /// - Returns: the addresses of `listen.clients`, in their order, with the ports that the system chose for port 0.
    package func start() async throws -> [ListenAddress] {
        guard workers == nil, stopping == nil else { throw ProxyError.alreadyStarted }
        do throws(TLSProblem) {
            try process.tls.listen(with: settings.listen.tls)
        } catch {
            throw ProxyError.badTLS(reason: "\(error)")
        }
        process.tls.prepare(for: process.table)
        let workers = try await makeWorkers()
        self.workers = workers
        // One may have been published while the workers were made.
        let table = process.table
        _ = try? await workers.onEach { worker in
            if worker.switchboard.table !== table { worker.feed(.tableChanged(table, spread: .zero)) }
            worker.lookAtWallClock()
        }
        let listeners = try await Listeners.start(settings.listen, names: process.names, workers: workers)
        self.listeners = listeners
        let addresses = listeners.addresses
        for address in addresses { logger.info("listening", metadata: ["address": "\(address.text)"]) }
        return addresses
    }

    private func makeWorkers() async throws -> Workers {
        var inboxes: [Inbox<WorkerOrder>] = []
        do {
            for index in 0..<workerCount { inboxes.append(try await WorkerThread.start(index, process)) }
        } catch {
            await Workers(inboxes).end()
            throw ProxyError.noWorkers(reason: "\(error)")
        }
        let workers = Workers(inboxes)
        for index in 0..<workers.count {
            workers.order(index) { worker in
                worker.workers = workers
                worker.measureLag()
                #if DEBUG
                    worker.checkItself()
                #endif
            }
        }
        return workers
    }

    /// The table that was published last.
    var table: RoutingTable { process.table }

    /// How many asks of the workers are under way, and who waits for their end.
    private var asks = 0
    private var whenUnasked: CheckedContinuation<Void, Never>?

    /// Asks the workers; nil where there are none, before the start and after the end. Their threads end only when nobody
    /// asks any more: the admin listener answers to the last.
    func ask<Answer: Sendable>(_ question: @Sendable (Workers) async throws -> Answer) async -> Answer? {
        guard let workers else { return nil }
        asks += 1
        let answer = try? await question(workers)
        asks -= 1
        if asks == 0 {
            whenUnasked?.resume()
            whenUnasked = nil
        }
        return answer
    }

    func adopt(_ table: RoutingTable, spread: TimeSpan) async {
        process.tls.prepare(for: table)
        process.adopt(table)
        _ = await ask { try await $0.onEach { $0.feed(.tableChanged(table, spread: spread)) } }
    }

    /// Says of each which upstreams answer: those that a connection is open to, and of the others those that accept one.
    /// Of an upstream that its workers have given up for a while it is known already that it does not. After the end
    /// nobody knows.
    func tellWhetherTheyAnswer(_ pools: [PoolStatus]) async -> [PoolStatus] {
        let (probe, upstreams) = (probe, table.upstreams)
        var told = pools
        var unknown: [(place: Int, address: UpstreamAddress)] = []
        for (place, pool) in pools.enumerated() where workers != nil {
            if pool.ready > 0 || pool.openBreakers > 0 {
                told[place].answers = pool.ready > 0
            } else if upstreams.indices.contains(place) {
                unknown.append((place, upstreams[place].settings.address))
            }
        }
        let addresses = unknown.map(\.address)
        let answers = await ask { await probe.answers(addresses, $0) } ?? []
        for (entry, answers) in zip(unknown, answers) { told[entry.place].answers = answers }
        return told
    }

    /// What was counted since this was called last, by all workers; once after the end, too.
    package func takeUsage() async -> UsageBatch {
        var batch = UsageBatch()
        swap(&batch, &lastUsage)
        for rows in await ask({ try await $0.onEach { $0.takeUsage().rows } }) ?? [] { batch.rows += rows }
        return batch
    }

    /// A graceful stop: nobody is accepted any more, exchanges in flight finish, sockets close with 1012, spread over
    /// `drain.spread`. Returns when all are gone, or at `drain.limit` with the rest cut, and the threads have ended; so
    /// does every further call.
    package func stop() async {
        let task = stopping ?? Task { await end() }
        stopping = task
        await task.value
    }

    private func end() async {
        await listeners?.stop()
        let workers = workers
        if let workers {
            logger.notice("draining")
            await drain(workers)
            let cut = (try? await workers.onEach { $0.cutAll() }) ?? []
            let count = cut.reduce(0, +)
            if count > 0 { logger.warning("sockets were cut", metadata: ["count": "\(count)"]) }
        }
        lastUsage = await takeUsage()
        // What is asked from here on is answered by what they told last.
        _ = await metrics(patience: .seconds(1))
        self.workers = nil
        if asks > 0 { await withCheckedContinuation { whenUnasked = $0 } }
        await workers?.end()
        logger.notice("stopped")
    }

    private func drain(_ workers: Workers) async {
        let settings = settings.drain
        _ = try? await workers.onEach { $0.drain(settings) }
        let clock = ContinuousClock()
        let end = clock.now + .nanoseconds(settings.limit.nanoseconds)
        while clock.now < end {
            let idle = (try? await workers.onEach { $0.isIdle }) ?? []
            if idle.allSatisfy({ $0 }) { return }
            try? await clock.sleep(for: .milliseconds(20))
        }
    }
}

extension ListenAddress {
    /// For logs.
    fileprivate var text: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
