import Hummingbird
import NIOCore
import ShuntCore

/// The proxy's events as server-sent events (the WHATWG's HTML standard, §9.2): each with its id, so that a client that
/// comes back is given what it missed, as long as that is kept.
struct EventStream: Sendable {
    /// What a client is asked to wait before it comes back, in milliseconds.
    private static let retry = 2000
    /// Events that are written at once.
    private static let most = 500

    let control: any ProxyControl
    /// The last event that the client has seen; nil: from now on.
    let after: Int64?
    let beat: Duration
    let slot: StreamSlot

    @concurrent func write(to writer: inout any ResponseBodyWriter) async throws {
        // Events are fetched by id; the control's own stream only says that there is something to fetch. So none is
        // missed where a beat stands for it.
        let news = control.eventStream()
        var last = if let after { after } else { await control.events(after: nil, limit: 1).last?.id ?? 0 }
        try await writer.write(ByteBuffer(string: "retry: \(Self.retry)\n\n"))
        if after != nil { try await catchUp(&last, with: nil, &writer) }
        try await EventWakes(news: news, beat: beat).each { event in
            let wrote = try await catchUp(&last, with: event, &writer)
            if !wrote, event == nil { try await writer.write(ByteBuffer(string: ": alive\n\n")) }
        }
        try await writer.finish(nil)
    }

    /// Writes what came after `last`.
    ///
    /// - Parameter event: that may be too new for the control's list.
    /// - Returns: whether there was anything.
    @discardableResult
    @concurrent private func catchUp(
        _ last: inout Int64, with event: ProxyEvent?, _ writer: inout any ResponseBodyWriter
    ) async throws -> Bool {
        var events = await control.events(after: last, limit: Self.most)
        if let event, event.id > events.last?.id ?? last { events.append(event) }
        guard let newest = events.last else { return false }
        var text = ByteBuffer()
        for event in events {
            text.writeString("id: \(event.id)\ndata: ")
            text.writeBytes(try AdminJSON.encode(EventAnswer(event)))
            text.writeString("\n\n")
        }
        try await writer.write(text)
        last = newest.id
        return true
    }
}
