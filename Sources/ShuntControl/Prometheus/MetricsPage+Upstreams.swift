import ShuntCore

/// Each upstream: its connections, its queue, its faults.
extension MetricsPage {
    mutating func addUpstreams() {
        let names = table.upstreams.lazy.map { $0.settings.name }
        let (pools, meters) = (sum.pools, sum.meter.upstreams)
        writer.gauge("shunt_upstream_connections", "Connections to an upstream, by what they are good for.")
        writer.samples(labels.dialling) { pools[$0].dialling }
        writer.samples(labels.ready) { pools[$0].ready }
        writer.samples(labels.retired) { pools[$0].retired }
        writer.gauge(
            "shunt_upstream_pools", "Pools of connections: one for each session or client that uses the upstream.")
        writer.samples(labels.upstreams) { pools[$0].pools }
        writer.gauge("shunt_upstream_outstanding_messages", "Messages that were sent and await their reply.")
        writer.samples(labels.upstreams) { pools[$0].inFlight }
        writer.gauge("shunt_upstream_queued_messages", "Messages that wait to be sent.")
        writer.samples(labels.upstreams) { pools[$0].queued }
        writer.gauge("shunt_upstream_queued_bytes", "The bytes of these messages.")
        writer.samples(labels.upstreams) { pools[$0].queuedBytes }
        writer.gauge("shunt_upstream_breakers_open", "Workers that have given the upstream up for a while.")
        writer.samples(labels.upstreams) { pools[$0].openBreakers }
        writer.summary("shunt_upstream_queue_wait_seconds", "How long messages waited that were not sent at once.")
        for place in meters.indices {
            let (nanoseconds, count) = (meters[place].waitedNanoseconds, meters[place].waits)
            writer.sample(nanoseconds: nanoseconds, count: count, labels.upstreams[place])
        }
        writer.counter(
            "shunt_pushes", "Messages of a backend that answer nothing, by what was done with them; routed ways.")
        for (name, meter) in zip(names, meters) {
            writer.sample(meter.pushes.forwarded, ["upstream": name, "outcome": "forwarded"])
            writer.sample(meter.pushes.answered, ["upstream": name, "outcome": "answered"])
            writer.sample(meter.pushes.dropped, ["upstream": name, "outcome": "dropped"])
        }
        writer.counter("shunt_upstream_dials", "Connections that were begun.")
        writer.samples(labels.upstreams) { meters[$0].dials }
        writer.counter("shunt_upstream_dial_failures", "Connections that never came to be.")
        for (name, meter) in zip(names, meters) where !meter.failures.isEmpty {
            for (kind, count) in meter.failures.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                writer.sample(count, ["upstream": name, "reason": kind.rawValue])
            }
        }
        writer.counter(
            "shunt_upstream_closes", "Connections that the upstream ended, by close code (RFC 6455; none: cut).")
        for (name, meter) in zip(names, meters) where !meter.closes.isEmpty {
            for (code, count) in meter.closes.sorted(by: { $0.key < $1.key }) {
                writer.sample(count, ["upstream": name, "code": ClientClose.text(of: code)])
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
