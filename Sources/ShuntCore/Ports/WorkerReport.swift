/// Counts of one worker since it began, and what it holds: all that metrics tell of it. Reports of several workers
/// add up when they are of one table.
package struct WorkerReport: Sendable {
    /// The table that the places below are of.
    package var table: RoutingTable
    package var tally = Tally()
    package var census = Census.empty
    package var bufferedBytes = 0
    package var socketBytes = 0
    /// Entries by `Route.index`.
    package var routes: [RouteTally]
    /// Entries by `Upstream.index`.
    package var pools: [PoolStatus]
    package var meter: Meter
    package var sockets: SocketCensus
    /// Handshakes that were refused, by their stable code.
    package var refusedHandshakes: [String: Int] = [:]
    package var compression = CompressionFigures()

    /// Nothing of a table.
    package init(_ table: RoutingTable) {
        self.table = table
        routes = Array(repeating: RouteTally(), count: table.routes.count)
        pools = PoolStatus.empty(table)
        meter = Meter(table)
        sockets = SocketCensus(routes: table.routes.count)
    }

    /// Adds another worker's report, which may be of an older or newer table: things are the same by name.
    package mutating func add(_ other: WorkerReport) {
        let other = other.table === table ? other : other.moved(to: table)
        tally = tally + other.tally
        census = census + other.census
        bufferedBytes &+= other.bufferedBytes
        socketBytes &+= other.socketBytes
        for place in routes.indices { routes[place] = routes[place] + other.routes[place] }
        for place in pools.indices { pools[place].add(other.pools[place]) }
        meter.add(other.meter)
        sockets.add(other.sockets)
        compression.add(other.compression)
        refusedHandshakes.merge(other.refusedHandshakes, uniquingKeysWith: +)
    }

    private func moved(to new: RoutingTable) -> WorkerReport {
        var moved = self
        let places = new.routes.map { table.route(named: $0.name)?.index ?? -1 }
        let names = Dictionary(
            table.upstreams.map { ($0.settings.name, $0.index) }, uniquingKeysWith: { first, _ in first })
        let upstreams = new.upstreams.map { names[$0.settings.name] ?? -1 }
        moved.table = new
        moved.routes = places.map { routes.indices.contains($0) ? routes[$0] : RouteTally() }
        moved.pools = PoolStatus.empty(new)
        for (new, old) in upstreams.enumerated() where pools.indices.contains(old) { moved.pools[new].add(pools[old]) }
        moved.meter = meter.moved(to: new, routes: places, upstreams: upstreams)
        moved.sockets = sockets.moved(places)
        return moved
    }
}

/// Client sockets that are there now, by where they connected and on which way their messages go.
package struct SocketCensus: Sendable, Hashable {
    /// Sockets of one legacy endpoint.
    package struct Legacy: Sendable, Hashable {
        package var passthrough = 0
        package var raw = 0
        package var collapse = 0
        package init() {}

        mutating func count(isRaw: Bool, collapses: Bool) {
            if isRaw {
                raw += 1
            } else if collapses {
                collapse += 1
            } else {
                passthrough += 1
            }
        }
    }

    /// Sockets of the unified endpoint, by the sides of the routes that they have used.
    package struct Unified: Sendable, Hashable {
        /// Sockets that have used no route yet.
        package var idle = 0
        package var fanOut = 0
        package var relay = 0
        /// Sockets with routes on either side.
        package var both = 0
        package init() {}
    }

    /// Entries by `Route.index`.
    package var legacy: [Legacy]
    /// Sockets of values that a route's template does not list.
    package var unlisted = Legacy()
    package var unified = Unified()

    package init(routes: Int) { legacy = Array(repeating: Legacy(), count: max(0, routes)) }

    mutating func add(_ other: SocketCensus) {
        for place in legacy.indices where place < other.legacy.count { legacy[place].add(other.legacy[place]) }
        unlisted.add(other.unlisted)
        unified.idle += other.unified.idle
        unified.fanOut += other.unified.fanOut
        unified.relay += other.unified.relay
        unified.both += other.unified.both
    }

    func moved(_ places: [Int]) -> SocketCensus {
        var moved = self
        moved.legacy = places.map { legacy.indices.contains($0) ? legacy[$0] : Legacy() }
        return moved
    }
}

extension SocketCensus.Legacy {
    fileprivate mutating func add(_ other: Self) {
        passthrough += other.passthrough
        raw += other.raw
        collapse += other.collapse
    }
}

/// What a worker's loop did.
package struct TurnCounts: Sendable, Hashable {
    /// How often it waited.
    package var turns: Int
    /// Sockets that were ready, over all turns.
    package var events: Int
    /// Turns in which something was ready and nothing came of it.
    package var barren: Int

    package init(turns: Int = 0, events: Int = 0, barren: Int = 0) {
        self.turns = turns
        self.events = events
        self.barren = barren
    }
}

/// Everything that `/metrics` tells.
package struct MetricsReport: Sendable {
    /// A worker's part in the report.
    package struct Part: Sendable, Hashable {
        package var worker: Int
        /// Since its report was made; nil where it never made one.
        package var age: TimeSpan?
        /// How late its timers fire.
        package var lag: DurationCounts
        package var bufferedBytes: Int
        package var socketBytes: Int
        package var turns: TurnCounts

        package init(
            worker: Int, age: TimeSpan?, lag: DurationCounts, bufferedBytes: Int, socketBytes: Int = 0,
            turns: TurnCounts = TurnCounts()
        ) {
            self.worker = worker
            self.age = age
            self.lag = lag
            self.bufferedBytes = bufferedBytes
            self.socketBytes = socketBytes
            self.turns = turns
        }
    }

    package var version: String
    package var startedAt: UnixTime
    package var revision: Int64
    package var isDraining: Bool
    package var reloads: Int
    package var failedReloads: Int
    package var lastReload: ReloadStatus?
    package var isStoreFailing: Bool
    package var isPhaseOverridden = false
    package var process = ProcessFigures()
    /// Results of writing the usage ledger; nil where use is not counted.
    package var usage: UsageFigures?
    /// Of the certificates that the configuration names.
    package var certificates: [CertificateFacts] = []
    /// The sum of the workers' reports; its table is the one in force.
    package var sum: WorkerReport
    package var workers: [Part]

    package init(
        version: String, startedAt: UnixTime, revision: Int64, isDraining: Bool, reloads: Int, failedReloads: Int,
        lastReload: ReloadStatus?, isStoreFailing: Bool, sum: WorkerReport, workers: [Part]
    ) {
        self.version = version
        self.startedAt = startedAt
        self.revision = revision
        self.isDraining = isDraining
        self.reloads = reloads
        self.failedReloads = failedReloads
        self.lastReload = lastReload
        self.isStoreFailing = isStoreFailing
        self.sum = sum
        self.workers = workers
    }
}
