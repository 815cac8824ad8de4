import ShuntCore

/// Messages that are not one route's, and what is kept of them.
extension MetricsPage {
    mutating func addMessages() {
        writer.counter(
            "shunt_messages_refused",
            "Messages of clients that were never accepted, by the code that the client was told.")
        for (code, count) in sum.meter.refused.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            writer.sample(count, ["code": code.rawValue])
        }
        let tally = sum.tally
        counter(
            "shunt_messages_absorbed", "Messages of types that go no further, such as old clients' heartbeats.",
            tally.absorbed)
        counter(
            "shunt_messages_ambiguous",
            "Messages of old clients that were passed through with their type twice, which is not the same twice.",
            tally.ambiguous)
        counter(
            "shunt_replies_delivered",
            "Replies, pushes that were passed through among them, that were handed to clients or parked.",
            tally.delivered)
        counter(
            "shunt_replies_late", "Replies that came when the client had been told already, and were dropped.",
            tally.lateReplies)
        counter("shunt_replies_unasked", "Replies with nothing outstanding.", tally.unaskedReplies)
        counter("shunt_outcomes_discarded", "Outcomes for clients without a token that were gone.", tally.discarded)
        counter("shunt_flips", "Changes of side of a client socket's route.", tally.flips)
        counter("shunt_heartbeats", "Heartbeats that were sent to clients.", tally.heartbeats)
        counter("shunt_replies_parked", "Replies that were kept for a client that was gone.", tally.parked)
        writer.counter("shunt_parked_replies_ended", "Parked replies that are parked no more, by what came of them.")
        writer.sample(tally.parkedDelivered, ["outcome": "delivered"])
        writer.sample(tally.parkedExpired, ["outcome": "expired"])
        let census = sum.census
        gauge("shunt_parked_replies", "Replies that wait for their client.", census.parkedReplies)
        gauge("shunt_parked_bytes", "The bytes of these replies.", census.parkedBytes)
        gauge("shunt_held_bytes", "Bytes of messages that wait, or may be sent again.", census.heldBytes)
        gauge("shunt_sessions", "Sessions that are known.", census.sessions)
        gauge(
            "shunt_exchanges_open", "Accepted messages without an outcome; without those that are passed through.",
            census.exchanges)
    }

    private mutating func counter(_ name: String, _ help: String, _ value: Int) {
        writer.counter(name, help)
        writer.sample(value)
    }

    private mutating func gauge(_ name: String, _ help: String, _ value: Int) {
        writer.gauge(name, help)
        writer.sample(value)
    }
}
