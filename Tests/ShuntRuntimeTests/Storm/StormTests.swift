import Glibc
import Testing

@testable import ShuntRuntime

/// The second tier of the simulator: real workers in seeded storms, on a network in memory.
@Suite struct StormTests {
    private static let steps = 200

    @Test(arguments: 0..<12)
    func `two workers keep every promise in a storm`(batch: Int) throws {
        for seed in UInt64(batch * 10 + 1)...UInt64(batch * 10 + 10) {
            guard let failure = try Self.live(seed).failure else { continue }
            Issue.record(Comment(rawValue: try Self.told(seed, failure)))
            return
        }
    }

    /// `STORM_SEED=17 swift test --filter StormTests` lives through one seed and prints everything that happens.
    /// `STORM_SEEDS=5000` lives through many, from `STORM_FROM` on.
    ///
    /// (A seed repeats what is done, and nearly always what comes of it: the order of Swift's dictionaries differs, unless
    /// `SWIFT_DETERMINISTIC_HASHING=1` is set, and OpenSSL's tickets differ in length by a few bytes, seldom.)
    @Test
    func `a storm is replayed by its seed`() throws {
        if let text = getenv("STORM_SEED"), let seed = UInt64(String(cString: text)) {
            let storm = try Self.live(seed, tracing: true)
            for line in storm.trace { print(line) }
            #expect(storm.failure == nil)
        } else if let text = getenv("STORM_SEEDS"), let count = UInt64(String(cString: text)) {
            let from = getenv("STORM_FROM").flatMap { UInt64(String(cString: $0)) } ?? 1
            var failed = 0
            for seed in from..<from + count {
                guard let failure = try Self.live(seed).failure else { continue }
                failed += 1
                print("seed \(seed), \(failure)")
            }
            #expect(failed == 0)
        } else {
            #expect(try Self.live(7, tracing: true).trace == Self.live(7, tracing: true).trace)
        }
    }

    /// A storm that never meets a fault says nothing about it.
    @Test
    func `storms meet everything that can go wrong`() throws {
        var met: Set<String> = []
        let expected: Set<String> = [
            "move", "no descriptor", "dial failed", "dial broken at once", "bad upgrade", "nonsense",
            "upstream ended", "slow reader", "drained", "forwarded", "reply", "parked reply", "push", "unknown_agent",
            "queue_timeout", "queue_full", "upstream_unavailable", "upstream_lost", "timeout", "upstream_protocol",
            "draining", "half close", "reset", "reset in the handshake", "client reset while it moves",
            "client reset while it is not read", "client reset while much is said to it",
            "agent reset while it is not read", "agent reset while much is said to it", "a client is not read",
            "no watch", "passed through", "passed back",
            "close passed", "piped", "piped back", "reload", "by herald", "by scribe",
            "client with TLS", "agent with TLS", "move with TLS", "stranger", "stopped in the handshake", "renewed",
            "resumed", "refused in the clear", "half close, both", "half close, notice", "half close, end",
            "reset in the handshake of TLS", "compressed", "compressed back",
        ]
        for seed in UInt64(201)...1500 where !expected.isSubset(of: met) { met.formUnion(try Self.live(seed).met) }
        #expect(expected.subtracting(met).isEmpty)
    }

    private static func live(_ seed: UInt64, tracing: Bool = false) throws -> Storm {
        let storm = try Storm(seed: seed, tracing: tracing)
        storm.run(steps: steps)
        return storm
    }

    /// What led to a failure, and how to see it again.
    private static func told(_ seed: UInt64, _ failure: String) throws -> String {
        let lines = try live(seed, tracing: true).trace.suffix(40).joined(separator: "\n")
        return "seed \(seed), \(failure)\nreplay: STORM_SEED=\(seed) swift test --filter StormTests\n\(lines)"
    }
}
