import Hummingbird
import NIOCore
import ShuntCore

/// The dashboard's samples as server-sent events (the WHATWG's HTML standard, §9.2).
struct LiveStream: Sendable {
    let control: any ProxyControl
    let sampler: LiveSampler
    let mayChange: Bool
    let beat: Duration
    let slot: StreamSlot

    @concurrent func write(to writer: inout any ResponseBodyWriter) async throws {
        let (history, news) = await sampler.watch(mayChange: mayChange)
        try await writer.write(Self.event("history", history))
        var told = LiveSnapshot.Told()
        try await EventWakes(news: news, beat: beat).each { snapshot in
            guard let snapshot else { return try await writer.write(ByteBuffer(string: ": alive\n\n")) }
            let lastEvent = await control.events(after: nil, limit: 1).last?.id ?? 0
            try await writer.write(Self.event("sample", snapshot.sample(lastEvent: lastEvent, after: &told)))
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
