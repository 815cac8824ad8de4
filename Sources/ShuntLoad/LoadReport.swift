/// What a load test saw.
package struct LoadReport: Sendable {
    package var sockets = 0
    /// Sockets whose handshake came through.
    package var opened = 0
    /// Sockets that could not be opened, by the reason.
    package var failedOpens: [String: Int] = [:]
    /// Sockets that ended before they were asked to, by how.
    package var endedEarly: [String: Int] = [:]
    package var sent = 0
    package var answered = 0
    /// Messages that were answered with an error, by its code. They count as answered.
    package var errors: [String: Int] = [:]
    /// Messages that nothing answered.
    package var lost = 0
    /// Replies to what was answered before.
    package var doubled = 0
    /// Replies that came after one to a later message of the same socket and agent.
    package var reordered = 0
    /// Replies to messages of other sockets.
    package var ofOthers = 0
    /// Replies whose number is nobody's.
    package var unknown = 0
    /// Messages without a number: greetings, notices, heartbeats.
    package var others = 0
    /// Of the part after the warm-up.
    package var latencies = LatencyHistogram()
    package var answeredInWindow = 0
    /// The part after the warm-up, in seconds.
    package var windowSeconds = 0.0
    /// From the first byte to the answer of the opening handshake; where a test is about handshakes, those of its window.
    package var opens = LatencyHistogram()
    package var openedInWindow = 0
    /// What the watched processes are like before the first socket, and what the window came to.
    package var before = ProcessWatch.Sample()
    package var watchedSeconds = 0.0
    package var residentAtEnd = 0
    package var bytesSent = 0
    package var bytesReceived = 0
    /// Of the generator itself, in the window.
    package var processorSeconds = 0.0

    package init() {}

    package var perSecond: Double { windowSeconds > 0 ? Double(answeredInWindow) / windowSeconds : 0 }

    package var handshakesPerSecond: Double { windowSeconds > 0 ? Double(openedInWindow) / windowSeconds : 0 }

    /// Processor time of the watched processes for each message that was answered, or for each handshake, in microseconds.
    package var watchedMicrosEach: Double {
        let count = max(answeredInWindow, openedInWindow)
        return count > 0 ? watchedSeconds * 1e6 / Double(count) : 0
    }

    /// How busy the generator itself was: near 1 the figures are its own.
    package var processorShare: Double { windowSeconds > 0 ? processorSeconds / windowSeconds : 0 }

    /// Whether every message was answered once, in order, on its own socket, and without an error.
    package var isClean: Bool {
        lost == 0 && doubled == 0 && reordered == 0 && ofOthers == 0 && unknown == 0 && errors.isEmpty
            && failedOpens.isEmpty && endedEarly.isEmpty && answered == sent
    }

    /// Percentiles that are told.
    package static let told: [(name: String, percent: Double)] = [
        ("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9), ("p99.99", 99.99),
    ]
}
