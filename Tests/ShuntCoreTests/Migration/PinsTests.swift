import ShuntCore
import Testing

@Suite struct `Pinned conversations` {
    private let start = Instant(nanoseconds: 3_600_000_000_000)
    private func name(_ number: Int) -> [UInt8] { Array("\"c\(number)\"".utf8) }

    @Test func `a conversation is held while it is used, and let go when it was idle`() {
        var pins = Pins()
        pins.noteLegacy("guide", name(1), now: start)
        let held1 = pins.holds("guide", name(1), idle: .minutes(30), now: start + .minutes(29))
        #expect(held1)
        let held2 = pins.holds("guide", name(1), idle: .minutes(30), now: start + .minutes(58))
        #expect(held2, "it was used at 29")
        let held3 = pins.holds("guide", name(1), idle: .minutes(30), now: start + .minutes(88))
        #expect(!held3)
        let held4 = pins.holds("guide", name(1), idle: .minutes(30), now: start + .minutes(89))
        #expect(!held4, "and stays let go")
    }

    @Test func `another route or conversation is another one`() {
        var pins = Pins()
        pins.noteLegacy("guide", name(1), now: start)
        let held5 = pins.holds("guide", name(2), idle: .minutes(30), now: start)
        #expect(!held5)
        let held6 = pins.holds("content", name(1), idle: .minutes(30), now: start)
        #expect(!held6)
        #expect(!pins.mayBeAnswered("guide", name(1)))
        pins.noteAnswer("guide", name(1), now: start)
        #expect(pins.mayBeAnswered("guide", name(1)))
        #expect(!pins.mayBeAnswered("guide", name(2)))
    }

    @Test func `the one that was used longest ago goes first, and what is forgotten counts as answered`() {
        var pins = Pins()
        for number in 0..<Pins.most { pins.noteLegacy("guide", name(number), now: start + .seconds(Int64(number))) }
        #expect(!pins.mayBeAnswered("guide", name(999)), "nothing is forgotten yet")
        let held7 = pins.holds("guide", name(0), idle: .minutes(30), now: start + .seconds(100))
        #expect(held7)
        pins.noteLegacy("guide", name(100), now: start + .seconds(101))
        #expect(pins.count == Pins.most)
        let held8 = pins.holds("guide", name(0), idle: .minutes(30), now: start + .seconds(102))
        #expect(held8)
        let held9 = pins.holds("guide", name(1), idle: .minutes(30), now: start + .seconds(102))
        #expect(!held9)
        #expect(pins.mayBeAnswered("guide", name(1)))
        #expect(pins.mayBeAnswered("guide", name(999)), "it may have been the forgotten one")
    }

    @Test func `a thousand conversations are no more than 64 pins`() {
        var pins = Pins()
        for number in 0..<1000 { pins.noteAnswer("guide", name(number), now: start + .milliseconds(Int64(number))) }
        #expect(pins.count == Pins.most)
    }
}
