import Foundation
import ShuntReactor
import Synchronization
import Testing

@testable import ShuntRuntime

/// Who asks the name service, how often, and what is remembered of it.
@Suite struct NameCacheTests {
    private static let found = [SocketAddress.v4(0x7F00_0001, port: 0)]

    /// A name service that answers when the test says so.
    private final class Service: Sendable {
        private struct State {
            var asked: [String] = []
            var waiting = 0
            var mostWaiting = 0
            var isOpen = false
        }

        private let state = Mutex(State())
        private let changed = NSCondition()

        var asked: [String] { state.withLock { $0.asked } }
        var mostWaiting: Int { state.withLock { $0.mostWaiting } }

        func lookup(_ host: String) -> [SocketAddress] {
            changed.lock()
            defer { changed.unlock() }
            state.withLock {
                $0.asked.append(host)
                $0.waiting += 1
                $0.mostWaiting = max($0.mostWaiting, $0.waiting)
            }
            changed.broadcast()
            while !state.withLock({ $0.isOpen }) { changed.wait() }
            state.withLock { $0.waiting -= 1 }
            return host.hasPrefix("missing") ? [] : NameCacheTests.found
        }

        func waitUntil(asked count: Int) {
            changed.lock()
            while asked.count < count { changed.wait() }
            changed.unlock()
        }

        func open() {
            changed.lock()
            state.withLock { $0.isOpen = true }
            changed.broadcast()
            changed.unlock()
        }
    }

    @Test func `what was known of a name outlives a name service that fails`() {
        let cache = NameCache(lookup: { _ in [] })
        cache.answered("host.example", Self.found)
        cache.answered("host.example", [])
        #expect(cache.known("host.example") == Self.found)
        cache.answered("missing.example", [])
        #expect(cache.known("missing.example") == [])
    }

    @Test func `an address that is written out is asked for by nobody`() {
        let cache = NameCache(lookup: { _ in [] })
        #expect(cache.known("127.0.0.1") == Self.found)
        #expect(cache.known("[::1]")?.map(\.host) == ["::1"])
        #expect(cache.known("host.example") == nil)
    }

    @Test func `one question a name, four at a time, and everybody who asked is answered`() {
        let service = Service()
        let cache = NameCache(lookup: service.lookup)
        let answered = DispatchSemaphore(value: 0)
        let names = (0..<9).map { "host\($0).example" }
        for name in names + names + names {
            cache.ask(name) { if $0 == Self.found { answered.signal() } }
        }
        service.waitUntil(asked: 4)
        service.open()
        for _ in 0..<27 { #expect(answered.wait(timeout: .now() + 40) == .success) }
        #expect(service.asked.sorted() == names)
        #expect(service.mostWaiting <= 4)
        #expect(names.allSatisfy { cache.known($0) == Self.found })
    }

    @Test func `that there is none is remembered for a moment`() async {
        let service = Service()
        service.open()
        let begun = ContinuousClock.now
        let passed = Mutex(Duration.zero)
        let cache = NameCache(lookup: service.lookup) { begun + passed.withLock { $0 } }
        #expect(await cache.addresses(of: "missing.example") == [])
        passed.withLock { $0 = .milliseconds(900) }
        #expect(cache.known("missing.example") == [])
        passed.withLock { $0 = .milliseconds(1_100) }
        #expect(cache.known("missing.example") == nil)
        #expect(service.asked == ["missing.example"])
    }
}
