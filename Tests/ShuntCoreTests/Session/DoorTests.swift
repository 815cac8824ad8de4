import ShuntCore
import Testing

@Suite
struct DoorTests {
    private var door = Door()
    private let start = Instant(nanoseconds: 0)
    private let timeout = TimeSpan.seconds(10)

    private mutating func due(
        at milliseconds: Int64, excess: Int = 0, unread: Set<Door.ID> = []
    ) -> [(id: Door.ID, verdict: Door.Verdict)] {
        door.due(now: start + .milliseconds(milliseconds), timeout: timeout, excess: excess) { unread.contains($0) }
    }

    @Test
    mutating func `a handshake that takes too long is refused`() {
        let slow = door.enter(bytes: 1, now: start)
        let later = door.enter(bytes: 1, now: start + .seconds(1))
        #expect(due(at: 9999).isEmpty)
        let due = due(at: 10_000)
        #expect(due.map(\.id) == [slow])
        #expect(due.map(\.verdict) == [.timedOut])
        #expect(door.leave(slow) == 1)
        #expect(self.due(at: 11_000).map(\.id) == [later])
    }

    @Test
    mutating func `the slowest give way, as many as it takes, and nobody in the first second`() {
        let slow = (0..<3).map { door.enter(bytes: 100, now: start + .milliseconds($0)) }
        let young = door.enter(bytes: 100, now: start + .milliseconds(500))
        #expect(due(at: 999, excess: 10_000).isEmpty)
        #expect(due(at: 1010, excess: 1).map(\.id) == [slow[0]])
        #expect(due(at: 1010, excess: 101).map(\.id) == [slow[0], slow[1]])
        let most = due(at: 1010, excess: 10_000)
        #expect(most.map(\.id) == slow)
        #expect(most.allSatisfy { $0.verdict == .gaveWay })
        #expect(due(at: 1500, excess: 10_000).map(\.id) == slow + [young])
        #expect(due(at: 1500).isEmpty, "where there is room, nobody does")
    }

    @Test
    mutating func `what is not read yet is our delay, not the client's`() {
        let waits = door.enter(bytes: 100, now: start)
        let slow = door.enter(bytes: 100, now: start)
        #expect(due(at: 2000, excess: 100, unread: [waits]).map(\.id) == [slow])
        #expect(due(at: 20_000, unread: [waits]).map(\.id) == [slow])
    }

    @Test
    mutating func `what a handshake holds counts`() {
        let large = door.enter(bytes: 10, now: start)
        let other = door.enter(bytes: 10, now: start)
        #expect(door.hold(60, of: large) == 50)
        #expect(due(at: 2000, excess: 60).map(\.id) == [large])
        #expect(door.hold(10, of: large) == -50)
        #expect(due(at: 2000, excess: 20).map(\.id) == [large, other])
        #expect(door.leave(large) == 10)
        #expect(door.leave(large) == 0)
        #expect(door.hold(60, of: large) == 0)
    }

    @Test
    mutating func `a refused client has a second of silence to read its answer`() {
        let refused = door.enter(bytes: 1, now: start)
        door.refuse(refused, now: start + .seconds(3))
        #expect(due(at: 3999).isEmpty)
        let due = due(at: 4000)
        #expect(due.map(\.id) == [refused])
        #expect(due.map(\.verdict) == [.left])
        #expect(door.leave(refused) == 1)
        #expect(door.isEmpty)
        #expect(self.due(at: 20_000).isEmpty)
    }

    @Test
    mutating func `a refused client that goes on sending has five seconds`() {
        let refused = door.enter(bytes: 1, now: start)
        door.refuse(refused, now: start)
        for half in 1..<10 {
            door.hear(refused, now: start + .milliseconds(Int64(half) * 500))
            #expect(due(at: Int64(half) * 500 + 499).isEmpty)
        }
        #expect(due(at: 5000).map(\.id) == [refused])
    }

    @Test
    mutating func `where there is no room, those who were refused go before those who were not`() {
        let slow = door.enter(bytes: 100, now: start)
        let refused = door.enter(bytes: 100, now: start)
        door.refuse(refused, now: start + .milliseconds(1900))
        #expect(due(at: 2099, excess: 100).map(\.id) == [slow])
        #expect(due(at: 2100, excess: 100).map(\.id) == [refused])
        #expect(due(at: 2100, excess: 101).map(\.id) == [refused, slow])
    }

    @Test
    mutating func `many that come and go leave nothing behind`() {
        let first = door.enter(bytes: 1, now: start)
        for number in 0..<10_000 {
            #expect(door.leave(door.enter(bytes: 1, now: start + .milliseconds(Int64(number)))) == 1)
        }
        #expect(door.count == 1)
        #expect(due(at: 10_000).map(\.id) == [first])
    }
}
