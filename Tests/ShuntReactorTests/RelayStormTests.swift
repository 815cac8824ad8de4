import Foundation
import ShuntCore
import ShuntReactor
import ShuntTesting
import Testing

/// Seeded storms: a relay between peers that say much and read little, on a network where calls do half of what they
/// could, are interrupted, or come to nothing.
@Suite struct RelayStormTests {
    /// One connection through the relay, as its two peers know it.
    private struct Talk {
        let client: FakePeer
        var server: FakePeer?
        /// Bytes said and heard so far, by direction: to the server, and back. The n-th byte is told by n.
        var said = (up: 0, down: 0)
        var heard = (up: 0, down: 0)
        var toSay: (up: Int, down: Int)
        var isReset = false

        var isOver: Bool {
            isReset || heard.up == toSay.up && heard.down == toSay.down && client.hasEnded && server?.hasEnded == true
        }
    }

    private static func byte(_ place: Int, of talk: Int) -> UInt8 { UInt8(truncatingIfNeeded: place &* 31 &+ talk) }

    private static let front = SocketAddress.v4(0x7F00_0001, port: 80)
    private static let back = SocketAddress.v4(0x7F00_0001, port: 81)

    /// `STORM_FROM` and `STORM_SEEDS` ask for others, as `Scripts/long` does.
    private static var seeds: ClosedRange<Int> {
        let environment = ProcessInfo.processInfo.environment
        let first = environment["STORM_FROM"].flatMap { Int($0) } ?? 1
        return first...first + max(1, environment["STORM_SEEDS"].flatMap { Int($0) } ?? 100) - 1
    }

    @Test func `whatever the network does, what was said arrives whole and in order, when replayed too`() throws {
        for seed in Self.seeds { try storm(seed: UInt64(seed)) }
    }

    private func storm(seed: UInt64) throws {
        let network = FakeNetwork(seed: seed)
        var dice = Dice(seed: seed &+ 1_000_000)
        network.faults = dice.chance(80) ? .bad : .none
        network.window = dice.pick([64, 1_000, 64 << 10])
        network.await(at: Self.back)
        let marks = WaterMarks(dice.pick([100, 5_000, 1 << 20]))
        let relay = try Relay(
            Reactor(on: FakeKernel(network)), listener: network.listen(on: Self.front), target: Self.back, marks: marks)
        let resets = dice.chance(30)
        var talks: [Talk] = []
        var server = 0
        var turns = 0
        let wanted = dice.within(1...6)
        while talks.count < wanted || !talks.allSatisfy(\.isOver) {
            if talks.count < wanted, dice.chance(20), let client = network.dial(Self.front) {
                talks.append(
                    Talk(client: client, toSay: (dice.below(dice.pick([3, 3_000, 20_000])), dice.below(8_000))))
            }
            relay.turn(until: network.now + .milliseconds(5))
            while server < talks.count, let peer = network.accept(at: Self.back) {
                talks[server].server = peer
                server += 1
            }
            for index in talks.indices {
                act(&talks[index], index, &dice, resets: resets)
                guard !talks[index].isReset else { continue }
                try hear(&talks[index], index, &dice, seed: seed)
            }
            turns += 1
            try #require(turns < 200_000, "seed \(seed) comes to no end")
            // Accepted in the order in which they were dialled: one that is reset before would shift the others.
            if resets, let lost = talks.firstIndex(where: { $0.isReset && $0.server == nil }), lost >= server { break }
        }
        if talks.allSatisfy({ !$0.isReset }) {
            for _ in 0..<200 { relay.turn(until: network.now + .milliseconds(5)) }
            #expect(relay.count == 0, "seed \(seed)")
            #expect(network.openDescriptors == 1, "seed \(seed): the listener alone is open")
            #expect(relay.losses.isEmpty, "seed \(seed)")
            #expect(relay.reactor.pendingBytes == 0, "seed \(seed)")
        }
        #expect(relay.problems.isEmpty, "seed \(seed)")
        if network.faults.again == 0 { #expect(relay.reactor.counts.barren == 0, "seed \(seed)") }
    }

    /// Both peers say some of what they have to say, and end it.
    private func act(_ talk: inout Talk, _ index: Int, _ dice: inout Dice, resets: Bool) {
        guard !talk.isReset else { return }
        if resets, dice.chance(1, in: 300), let server = talk.server {
            talk.isReset = true
            return dice.chance(50) ? server.reset() : talk.client.reset()
        }
        if talk.said.up < talk.toSay.up || talk.said.up == 0 {
            say(talk.client, &talk.said.up, talk.toSay.up, index, &dice)
        }
        if let server = talk.server { say(server, &talk.said.down, talk.toSay.down, index &+ 100, &dice) }
    }

    private func say(_ peer: FakePeer, _ said: inout Int, _ all: Int, _ talk: Int, _ dice: inout Dice) {
        let count = min(all - said, dice.below(2_000))
        if count > 0 { said += max(0, peer.write((said..<said + count).map { Self.byte($0, of: talk) })) }
        if said == all { peer.finish() }
    }

    private func hear(_ talk: inout Talk, _ index: Int, _ dice: inout Dice, seed: UInt64) throws {
        if dice.chance(70), let server = talk.server { try check(server, &talk.heard.up, index, &dice, seed) }
        if dice.chance(70) { try check(talk.client, &talk.heard.down, index &+ 100, &dice, seed) }
    }

    private func check(
        _ peer: FakePeer, _ heard: inout Int, _ talk: Int, _ dice: inout Dice, _ seed: UInt64
    ) throws {
        for byte in peer.read(atMost: dice.within(1...5_000)) {
            try #require(byte == Self.byte(heard, of: talk), "seed \(seed): byte \(heard) of talk \(talk)")
            heard += 1
        }
    }
}
