import ShuntCore

/// All that a sample can tell, worked out once for all streams.
struct LiveSnapshot: Sendable {
    let report: MetricsReport
    let at: UnixTime
    let rates: LiveRates
    let routes: [LiveRoute]
    let pools: [PoolAnswer]

    /// A worker whose part is older than this is late.
    private static let late = TimeSpan.seconds(2)

    init(_ reading: LiveWindow.Reading, in window: LiveWindow) {
        report = reading.report
        at = reading.at
        let sum = reading.report.sum
        let (near, far) = (window.near(reading), window.far(reading))
        rates = LiveRates(LiveFigures.rates(from: near, to: sum))
        routes = sum.table.routes.map { route in
            let place = route.index
            let sockets = sum.sockets.legacy.indices.contains(place) ? sum.sockets.legacy[place] : .init()
            return LiveRoute(
                name: route.name, servedBy: route.decision.rollout.text,
                unifiedPercent: Double(route.decision.rollout.steps) / 100,
                decidedBy: route.decision.origin.rawValue, paused: route.isPaused,
                passthrough: sockets.passthrough, raw: sockets.raw, collapse: sockets.collapse,
                waiting: sum.routes.indices.contains(place) ? sum.routes[place].waiting : 0,
                legacy: .init(LiveFigures.side(.legacy, of: place, now: sum, near: near, far: far)),
                unified: .init(LiveFigures.side(.unified, of: place, now: sum, near: near, far: far)))
        }
        pools = sum.pools.map(PoolAnswer.init)
    }

    /// - Parameter told: what a stream has told; it is brought up to date.
    func sample(lastEvent: Int64, after told: inout Told) -> LiveSample {
        let sum = report.sum
        let unlisted = sum.sockets.unlisted
        return LiveSample(
            at: at.text, revision: report.revision, lastEvent: lastEvent, phase: sum.table.definition.phase.rawValue,
            draining: report.isDraining, workers: report.workers.count,
            lateWorkers: report.workers.count { ($0.age ?? .zero) > Self.late },
            now: .init(
                clients: sum.census.clients, sessions: sum.census.sessions, connections: sum.census.connections,
                exchanges: sum.census.exchanges, parkedReplies: sum.census.parkedReplies),
            unifiedSockets: .init(
                idle: sum.sockets.unified.idle, fanOut: sum.sockets.unified.fanOut, relay: sum.sockets.unified.relay,
                both: sum.sockets.unified.both),
            unlistedSockets: unlisted.passthrough + unlisted.raw + unlisted.collapse,
            rates: rates, routes: told.news(of: routes), pools: told.news(of: pools))
    }

    /// What one stream has told, so that it tells only what is new.
    struct Told: Sendable {
        private var routes: [String: LiveRoute] = [:]
        private var pools: [String: PoolAnswer] = [:]

        mutating func news(of all: [LiveRoute]) -> [LiveRoute] {
            all.filter { route in
                if routes[route.name].map({ $0 == route }) ?? route.isQuiet { return false }
                routes[route.name] = route
                return true
            }
        }

        mutating func news(of all: [PoolAnswer]) -> [PoolAnswer] {
            all.filter { pool in
                if pools[pool.upstream].map({ $0 == pool }) ?? pool.isEmpty { return false }
                pools[pool.upstream] = pool
                return true
            }
        }
    }
}

extension PoolAnswer {
    fileprivate var isEmpty: Bool {
        pools + dialling + ready + retired + outstanding + queued + queuedBytes + openBreakers == 0
    }
}
