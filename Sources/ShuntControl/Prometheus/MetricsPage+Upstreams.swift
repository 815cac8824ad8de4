import ShuntCore

/// Each upstream: its connections, its queue, its faults.
extension MetricsPage {
    mutating func addUpstreams() {
        let names = table.upstreams.lazy.map { $0.settings.name }
        let (pools, meters, labels) = (sum.pools, sum.meter.upstreams, labels.upstreams)
        writer.gauge("shunt_upstream_connections", "Connections to an upstream, by what they are good for.")
        for (pool, labels) in zip(pools, labels) {
            writer.sample(pool.dialling, labels.dialling)
            writer.sample(pool.ready, labels.ready)
            writer.sample(pool.retired, labels.retired)
        }
        let gauges: [(String, String, (PoolStatus) -> Int)] = [
            ("pools", "Pools of connections: one for each session or client that uses the upstream.", { $0.pools }),
            ("outstanding_messages", "Messages that were sent and await their reply.", { $0.outstanding }),
            ("queued_messages", "Messages that wait to be sent.", { $0.queued }),
            ("queued_bytes", "The bytes of these messages.", { $0.queuedBytes }),
            ("breakers_open", "Workers that have given the upstream up for a while.", { $0.openBreakers }),
        ]
        for (word, help, value) in gauges {
            writer.gauge("shunt_upstream_" + word, help)
            for (pool, labels) in zip(pools, labels) { writer.sample(value(pool), labels.upstream) }
        }
        writer.summary("shunt_upstream_queue_wait_seconds", "How long messages waited that were not sent at once.")
        for (meter, labels) in zip(meters, labels) {
            writer.sample(nanoseconds: meter.waitedNanoseconds, count: meter.waits, labels.upstream)
        }
        writer.counter("shunt_upstream_dials", "Connections that were begun.")
        for (meter, labels) in zip(meters, labels) { writer.sample(meter.dials, labels.upstream) }
        writer.counter("shunt_upstream_dial_failures", "Connections that never came to be.")
        for (name, meter) in zip(names, meters) where !meter.failures.isEmpty {
            for (kind, count) in meter.failures.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                writer.sample(count, ["upstream": name, "reason": kind.rawValue])
            }
        }
        writer.counter("shunt_upstream_connections_retired", "Connections that take no new messages any more.")
        for (name, meter) in zip(names, meters) where !meter.retired.isEmpty {
            let reasons = meter.retired.map { (word: LabelWord.snake("\($0)"), count: $1) }
            for (word, count) in reasons.sorted(by: { $0.word < $1.word }) {
                writer.sample(count, ["upstream": name, "reason": word])
            }
        }
    }
}
