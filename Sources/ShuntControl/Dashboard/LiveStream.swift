import Hummingbird
import NIOCore
import ServiceLifecycle
import ShuntCore

/// The dashboard's samples as server-sent events (the WHATWG's HTML standard, §9.2).
struct LiveStream: Sendable {
    private enum Wake: Sendable {
        case news(LiveSnapshot)
        case beat
    }

    let control: any ProxyControl
    let sampler: LiveSampler
    let mayChange: Bool
    let beat: Duration
    let slot: StreamSlot

    @concurrent func write(to writer: inout any ResponseBodyWriter) async throws {
        let (wakes, source) = AsyncStream.makeStream(of: Wake.self, bufferingPolicy: .bufferingNewest(1))
        let (history, news) = await sampler.watch(mayChange: mayChange)
        try await writer.write(Self.event("history", history))
        var told = LiveSnapshot.Told()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await snapshot in news { source.yield(.news(snapshot)) }
                source.finish()
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: beat)
                    source.yield(.beat)
                }
            }
            defer { group.cancelAll() }
            for await wake in wakes.cancelOnGracefulShutdown() {
                guard case .news(let snapshot) = wake else {
                    try await writer.write(ByteBuffer(string: ": alive\n\n"))
                    continue
                }
                let lastEvent = await control.events(after: 0, limit: 1).last?.id ?? 0
                try await writer.write(Self.event("sample", snapshot.sample(lastEvent: lastEvent, after: &told)))
            }
        }
        try await writer.finish(nil)
    }

    private static func event(_ name: String, _ value: some Encodable) throws -> ByteBuffer {
        var text = ByteBuffer(string: "event: \(name)\ndata: ")
        text.writeBytes(try AdminJSON.encode(value))
        text.writeString("\n\n")
        return text
    }
}
