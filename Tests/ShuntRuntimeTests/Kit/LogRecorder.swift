import Logging
import Synchronization

/// Keeps what is logged, and lets a test wait for it.
final class LogRecorder: Sendable {
    struct Line: Sendable {
        var level: Logger.Level
        var message: String
        var metadata: [String: String]
    }

    private let lines: AsyncStream<Line>
    private let continuation: AsyncStream<Line>.Continuation
    private let kept = Mutex<[Line]>([])

    init() {
        (lines, continuation) = AsyncStream.makeStream()
    }

    var logger: Logger {
        var logger = Logger(label: "test") { [self] _ in Handler(recorder: self) }
        logger.logLevel = .trace
        return logger
    }

    /// Everything so far.
    var all: [Line] { kept.withLock { $0 } }

    /// The next line with that message. For one test at a time.
    func next(_ message: String) async -> Line? {
        for await line in lines where line.message == message { return line }
        return nil
    }

    private func record(_ line: Line) {
        kept.withLock { $0.append(line) }
        continuation.yield(line)
    }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            recorder.record(
                Line(level: event.level, message: "\(event.message)", metadata: all.mapValues { "\($0)" }))
        }
    }
}
