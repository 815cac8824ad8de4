import ServiceLifecycle

/// When a stream of server-sent events writes: at news, and at a beat, so that a connection whose peer is gone is noticed
/// and one that is idle is not cut by what lies between.
struct EventWakes<News: Sendable>: Sendable {
    private enum Wake: Sendable {
        case news(News)
        case beat
    }

    let news: AsyncStream<News>
    let beat: Duration

    /// Calls `write` for each, one after the other, until the news end or the proxy stops. While it writes only the latest
    /// is kept, so a slow reader costs no memory: a beat may stand for news before it.
    ///
    /// - Parameter write: nil at a beat.
    @concurrent func each(_ write: @concurrent (News?) async throws -> Void) async throws {
        let (wakes, source) = AsyncStream.makeStream(of: Wake.self, bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await one in news { source.yield(.news(one)) }
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
                if case .news(let one) = wake { try await write(one) } else { try await write(nil) }
            }
        }
    }
}
