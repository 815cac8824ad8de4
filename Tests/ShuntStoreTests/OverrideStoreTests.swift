import ShuntCore
import Testing

@testable import ShuntStore

/// What both stores do alike.
@Suite struct OverrideStoreTests {
    enum Kind: CaseIterable { case sqlite, memory }

    private func with(_ kind: Kind, _ body: (any OverrideStore) async throws -> Void) async throws {
        switch kind {
        case .memory: try await body(MemoryStore())
        case .sqlite:
            let folder = try StoreFolder()
            let store = try SQLiteStore.open(path: folder.path).store
            defer { store.close() }
            try await body(store)
        }
    }

    @Test(arguments: Kind.allCases)
    func `a new store is empty`(kind: Kind) async throws {
        try await with(kind) { store in
            let overrides = try await store.overrides()
            let trail = try await store.audit(limit: 10, before: nil)
            #expect(overrides.isEmpty && trail.isEmpty)
        }
    }

    @Test(arguments: Kind.allCases)
    func `the phase and routes have an override each, the later one counts`(kind: Kind) async throws {
        try await with(kind) { store in
            let phase = StoredOverride(
                subject: .phase, value: "migrate", at: UnixTime(milliseconds: 3), by: "bo", reason: "")
            try await store.put(override("liaison/content", "1%"), entry("liaison/content"))
            try await store.put(override("guide", "unified"), entry("guide"))
            try await store.put(phase, entry(""))
            try await store.put(override("guide", "25%", at: 2_000), entry("guide"))
            #expect(
                try await store.overrides() == [
                    phase, override("guide", "25%", at: 2_000), override("liaison/content", "1%"),
                ])
        }
    }

    @Test(arguments: Kind.allCases)
    func `a removed override leaves its line`(kind: Kind) async throws {
        try await with(kind) { store in
            try await store.put(override("guide", "25%"), entry("guide"))
            try await store.put(override("phase", "25%"), entry("phase"))
            try await store.remove(.route("guide"), entry("guide", from: "25%", to: "legacy"))
            #expect(try await store.overrides() == [override("phase", "25%")])
            #expect(try await store.audit(limit: 10, before: nil).map(\.to) == ["legacy", "25%", "25%"])
        }
    }

    @Test(arguments: Kind.allCases)
    func `a removal that finds nothing is recorded all the same`(kind: Kind) async throws {
        try await with(kind) { store in
            try await store.remove(.phase, entry(""))
            #expect(try await store.audit(limit: 10, before: nil).count == 1)
        }
    }

    @Test(arguments: Kind.allCases)
    func `the trail is read in pages, newest first`(kind: Kind) async throws {
        try await with(kind) { store in
            for number in 1...7 { try await store.record(entry("r\(number)", at: Int64(number))) }
            let first = try await store.audit(limit: 3, before: nil)
            #expect(first.map(\.subject) == ["r7", "r6", "r5"])
            let second = try await store.audit(limit: 3, before: first.last?.id)
            #expect(second.map(\.subject) == ["r4", "r3", "r2"])
            #expect(try await store.audit(limit: 3, before: second.last?.id).map(\.subject) == ["r1"])
            #expect(try await store.audit(limit: 0, before: nil).isEmpty)
            #expect(try await store.audit(limit: -1, before: nil).isEmpty)
            #expect(try await store.audit(limit: .max, before: nil).count == 7)
        }
    }

    @Test(arguments: Kind.allCases)
    func `an entry is read as it was written`(kind: Kind) async throws {
        try await with(kind) { store in
            for (number, action) in AuditEntry.Action.allCases.enumerated() {
                let written = AuditEntry(
                    at: UnixTime(milliseconds: .max), by: "Zoë 'x' \"y\"", action: action, subject: "liaison/ü; --",
                    from: "", to: "99.99%", reason: "第一\nline 2 🧭")
                try await store.record(written)
                var expected = written
                expected.id = Int64(number + 1)
                #expect(try await store.audit(limit: 1, before: nil) == [expected])
            }
        }
    }

    @Test
    func `memory keeps the latest lines only`() async throws {
        let store = MemoryStore()
        for number in 0..<(MemoryStore.lines * 2) { await store.record(entry("r\(number)")) }
        let kept = await store.audit(limit: .max, before: nil)
        #expect((MemoryStore.lines...MemoryStore.lines + MemoryStore.lines / 10).contains(kept.count))
        #expect(kept.first?.subject == "r\(MemoryStore.lines * 2 - 1)")
    }
}
