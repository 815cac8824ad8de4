package import Logging
import ServiceLifecycle
import ShuntCore
import UnixSignals

/// Reads the configuration again when its file changes, or a PEM file that it names, or on SIGHUP.
package struct ReloadService: Service {
    private let path: String
    private let plane: ControlPlane
    private let logger: Logger

    /// How often the file is looked at. A change counts when the file then stays as it is for as long.
    private static let every = Duration.seconds(1)

    package init(path: String, plane: ControlPlane, logger: Logger) {
        self.path = path
        self.plane = plane
        self.logger = logger
    }

    package func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await watch() }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
                    if await !reload("SIGHUP") { logger.notice("not reloaded: another reload is under way") }
                }
            }
        }
    }

    private func watch() async {
        var seen = await look()
        var changed = seen
        let looks = AsyncStream<Void> {
            try? await Task.sleep(for: Self.every)
            return Task.isCancelled ? nil : ()
        }
        for await _ in looks.cancelOnGracefulShutdown() {
            let now = await look()
            // A file that is being written, or replaced, is read when that is over.
            // While another reload is under way, which may have read what was there before, it stays unseen.
            if now.differs(from: seen), !now.differs(from: changed), now[path]?.exists == true, await reload("file") {
                seen = now
            }
            // Files that are named for the first time were read when they were named.
            seen.merge(now) { known, _ in known }
            changed = now
        }
    }

    /// Everything that a reload reads.
    private func look() async -> [String: FileState] {
        var states = [path: FileState(path)]
        for file in await plane.tlsFiles { states[file] = FileState(file) }
        return states
    }

    /// Returns false where another reload is under way.
    private func reload(_ cause: String) async -> Bool {
        do throws(ControlProblem) {
            let report = try await plane.perform(.reload, by: ChangeAuthor(name: cause, reason: ""), revision: nil)
            logger.notice("reloaded", metadata: ["changed": "\(report.changed)", "notes": "\(report.notes)"])
        } catch {
            switch error {
            case .badFile: break  // The plane has said where and what.
            case .busy: return false
            default: logger.error("not reloaded", metadata: ["problem": "\(error)"])
            }
        }
        return true
    }
}

extension [String: FileState] {
    /// Whether a file is not what it was; of one that only one of the two knows nothing can be said.
    fileprivate func differs(from other: Self) -> Bool {
        contains { file, state in other[file].map { $0 != state } ?? false }
    }
}
