import ServiceLifecycle
package import ShuntCore

/// Writes the usage ledger every so often, and once more when the proxy is gone.
package struct UsageService: Service {
    private let ledger: UsageLedger
    private let every: TimeSpan
    private let endpoints: @Sendable () async -> EndpointTable

    /// - Parameter endpoints: those of the table in force.
    package init(
        ledger: UsageLedger, every: TimeSpan, endpoints: @escaping @Sendable () async -> EndpointTable
    ) {
        self.ledger = ledger
        self.every = every
        self.endpoints = endpoints
    }

    package func run() async throws {
        let every = Duration.nanoseconds(every.nanoseconds)
        let beats = AsyncStream<Void> {
            try? await Task.sleep(for: every)
            return Task.isCancelled ? nil : ()
        }
        for await _ in beats.cancelOnGracefulShutdown() { await ledger.flush(await endpoints()) }
        await ledger.flush(await endpoints())
    }
}
