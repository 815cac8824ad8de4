import ShuntCore
import Synchronization

/// What is said at most once in a while by the whole process, whichever worker has it to say. Locked, and touched only
/// when a socket comes. Subjects are a few constants, so that it is bounded.
final class Reminders: Sendable {
    private struct Said {
        var at: Instant
        var unsaid = 0
    }

    private let said = Mutex<[String: Said]>([:])

    /// Whether the subject may be said now.
    ///
    /// - Returns: how often it was not said since it last was; nil where it is too early, which is counted.
    func take(_ subject: String, every pause: TimeSpan, now: Instant) -> Int? {
        said.withLock { said in
            if let last = said[subject], now - last.at < pause {
                said[subject]?.unsaid &+= 1
                return nil
            }
            return said.updateValue(Said(at: now), forKey: subject)?.unsaid ?? 0
        }
    }
}
