import ShuntConcurrency
package import ShuntCore

/// What the running proxy is asked, and told to do. Everything is done on the workers' own loops, one after the other.
extension Proxy: DataPlane {
    /// Puts another routing table into force: for what comes from now on, and for everything that is there, as far as
    /// that loses nothing. Returns when all workers go by it; of two calls the later one's table stays.
    package func publish(_ table: RoutingTable, spread: TimeSpan) async {
        await publishing.run { await self.adopt(table, spread: spread) }
    }

    package func reconnect(_ route: String) async {
        _ = await ask { try await $0.onEach { $0.feed(.reconnect(route: route)) } }
    }

    package func kick(_ choice: SessionChoice, block: TimeSpan) async -> KickReport {
        // First, so that nobody comes back in between.
        if block > .zero { process.blocks.add(choice, since: process.wallClock(), for: block) }
        let key = process.hashKey
        process.validator?.forget { identity in
            switch choice {
            case .name(let name): identity.key.shortName(keyedBy: key).elementsEqual(name.utf8)
            case .user(let user): identity.claims.user?.text.isText(user) ?? false
            }
        }
        return await gather { $0.kick(choice) }?.reduce(KickReport(), +) ?? KickReport()
    }

    /// Begins a graceful stop and does not wait for its end, as `stop` does.
    package func drain() {
        Task { await stop() }
    }

    package func routeReport() async -> [RouteTally] {
        let table = table
        guard let reports = await gather({ ($0.switchboard.table, $0.switchboard.routeReport()) }) else {
            return last.routes
        }
        var sums = Array(repeating: RouteTally(), count: table.routes.count)
        for (their, report) in reports {
            // A worker may be a table behind: routes are the same by name.
            for (route, tally) in zip(their.routes, report) {
                guard let place = table.route(named: route.name)?.index else { continue }
                sums[place] = sums[place] + tally
            }
        }
        return sums
    }

    package func poolReport() async -> [PoolStatus] {
        let table = table
        let reports = await gather { worker in
            var report = PoolStatus.empty(worker.switchboard.table)
            worker.switchboard.addPools(to: &report)
            return report
        }
        guard let reports else { return last.pools }
        var sums = PoolStatus.empty(table)
        for status in reports.joined() {
            guard let place = sums.firstIndex(where: { $0.upstream == status.upstream }) else { continue }
            sums[place].add(status)
        }
        return await tellWhetherTheyAnswer(sums)
    }

    package func sessionReport(limit: Int, user: String? = nil) async -> [SessionStatus] {
        let reports =
            await gather { $0.switchboard.sessionReport(worker: $0.index, limit: limit, user: user) } ?? []
        let all = reports.joined().sorted { ($0.sockets, $1.name) > ($1.sockets, $0.name) }
        return Array(all.prefix(max(0, limit)))
    }

    package func census() async -> Census {
        await gather { $0.switchboard.census }?.reduce(.empty, +) ?? last.census
    }

    package func tally() async -> Tally {
        await gather { $0.switchboard.tally }?.reduce(Tally(), +) ?? last.tally
    }

    /// Asks every worker; nil where there are none, before the start and after the end.
    private func gather<Answer: Sendable>(_ question: @escaping @Sendable (Worker) -> Answer) async -> [Answer]? {
        await ask { try await $0.onEach(question) }
    }

    /// What the workers told last, by the table that was published last.
    private var last: WorkerReport { reports.read(by: table).sum }
}
