import ServiceLifecycle
import ShuntCore

/// Writes the usage ledger every so often, and once more when the proxy is gone.
struct UsageService: Service {
    let ledger: UsageLedger
    let every: TimeSpan
    /// Of the table in force.
    let endpoints: @Sendable () async -> EndpointTable

    func run() async throws {
        let every = Duration.nanoseconds(every.nanoseconds)
        let beats = AsyncStream<Void> {
            try? await Task.sleep(for: every)
            return Task.isCancelled ? nil : ()
        }
        for await _ in beats.cancelOnGracefulShutdown() { await ledger.flush(await endpoints()) }
        await ledger.flush(await endpoints())
    }
}
