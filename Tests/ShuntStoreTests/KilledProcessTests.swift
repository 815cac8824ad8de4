import Foundation
import ShuntCore
import Synchronization
import Testing

@testable import ShuntStore

/// A process that is killed in the middle of its writes, and what the next one finds.
@Suite struct KilledProcessTests {
    @Test(arguments: [1, 17, 120])
    func `what was acknowledged before kill -9 is there after it`(acknowledged: Int) async throws {
        let folder = try StoreFolder()
        let path = folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, acknowledged = acknowledged as Int] in
            let store = try SQLiteStore.open(path: path).store
            let ledger = open(path + ".acknowledged", O_CREAT | O_WRONLY | O_APPEND, 0o600)
            // Two writers, so that the kill meets one of them at work.
            await withTaskGroup(of: Void.self) { group in
                for writer in 0..<2 {
                    group.addTask {
                        for number in 0..<100_000 {
                            let name = "w\(writer)-\(number)"
                            guard (try? await store.put(override(name, "25%"), entry(name))) != nil else { continue }
                            let line = Array("\(name)\n".utf8)
                            _ = line.withUnsafeBytes { write(ledger, $0.baseAddress, $0.count) }
                            if writer == 0, number + 1 == acknowledged { kill(getpid(), SIGKILL) }
                        }
                    }
                }
            }
        }
        let ledger = try String(contentsOfFile: path + ".acknowledged", encoding: .utf8).split(separator: "\n")
        #expect(ledger.count >= acknowledged)
        let opening = try SQLiteStore.open(path: path)
        defer { opening.store.close() }
        #expect(opening.notes == [])
        let overrides = try await opening.store.overrides()
        let trail = try await opening.store.audit(limit: .max, before: nil)
        let names = Set(overrides.map(\.subject))
        for name in ledger { #expect(names.contains(.route(String(name)))) }
        // Each override has its line, and no line is without its override.
        #expect(Set(trail.map { StoredOverride.Subject.route($0.subject) }) == names)
        #expect(trail.count == overrides.count)
    }
}
