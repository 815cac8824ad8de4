import ShuntCore

/// Each upstream: its connections, its queue, its faults.
extension MetricsPage {
    private var upstreams: [(name: String, pool: PoolStatus, meter: UpstreamMeter)] {
        zip(sum.pools, sum.meter.upstreams).map { ($0.upstream, $0, $1) }
    }

    mutating func addUpstreams() {
        let upstreams = upstreams
        writer.gauge("shunt_upstream_connections", "Connections to an upstream, by what they are good for.")
        for (name, pool, _) in upstreams {
            writer.sample(pool.dialling, ["upstream": name, "state": "dialling"])
            writer.sample(pool.ready, ["upstream": name, "state": "ready"])
            writer.sample(pool.retired, ["upstream": name, "state": "retired"])
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
            for (name, pool, _) in upstreams { writer.sample(value(pool), ["upstream": name]) }
        }
        writer.summary("shunt_upstream_queue_wait_seconds", "How long messages waited that were not sent at once.")
        for (name, _, meter) in upstreams {
            writer.sample(nanoseconds: meter.waitedNanoseconds, count: meter.waits, ["upstream": name])
        }
        writer.counter("shunt_upstream_dials", "Connections that were begun.")
        for (name, _, meter) in upstreams { writer.sample(meter.dials, ["upstream": name]) }
        writer.counter("shunt_upstream_dial_failures", "Connections that never came to be.")
        for (name, _, meter) in upstreams {
            for (kind, count) in meter.failures.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                writer.sample(count, ["upstream": name, "reason": kind.rawValue])
            }
        }
        writer.counter("shunt_upstream_connections_retired", "Connections that take no new messages any more.")
        for (name, _, meter) in upstreams {
            let reasons = meter.retired.map { (word: LabelWord.snake("\($0)"), count: $1) }
            for (word, count) in reasons.sorted(by: { $0.word < $1.word }) {
                writer.sample(count, ["upstream": name, "reason": word])
            }
        }
    }
}
