import ShuntCore
import ShuntPlane
import Testing

@Suite struct EventLogTests {
    private let log = EventLog()

    @Test func `of the events kept the latest are told, or the first after one`() {
        for number in 1...5 { log.add("k\(number)", "text") }
        #expect(log.events(after: nil, limit: 2).map(\.kind) == ["k4", "k5"])
        #expect(log.events(after: 0, limit: 2).map(\.kind) == ["k1", "k2"])
        #expect(log.events(after: 3, limit: 9).map(\.kind) == ["k4", "k5"])
    }

    @Test func `of more than a thousand events the oldest are gone, and ids go on`() {
        for number in 1...1010 { log.add("k\(number)", "text") }
        #expect(log.events(after: 0, limit: 2).map(\.id) == [11, 12])
        #expect(log.events(after: nil, limit: 5000).count == 1000)
        #expect(log.events(after: 1008, limit: 9).map(\.kind) == ["k1009", "k1010"])
        #expect(log.events(after: 1010, limit: 9).isEmpty)
    }

    @Test func `of a worker's notes the breaker's become events`() {
        for note in [
            LoggedEvent.breakerOpened(upstream: 0), .unexpectedReply(upstream: 0), .breakerClosed(upstream: 0),
        ] {
            log.add(ProxyLogEvent(note: note, upstream: "guide", worker: 1))
        }
        #expect(log.events(after: 0, limit: 9).map(\.kind) == ["breaker_opened", "breaker_closed"])
        #expect(log.events(after: 0, limit: 9).map(\.subject) == ["guide", "guide"])
    }
}
