import ShuntControl
import ShuntCore
import Synchronization

/// Reports as the workers would make them, of a table with routes that either side serves.
enum LiveKit {
    static func definition(routes: Int, phase: Phase = .migrate) -> TableDefinition {
        var definition = TableDefinition()
        definition.phase = phase
        for number in 0..<routes {
            let address = UpstreamAddress(host: "127.0.0.1", port: 7101, path: "/\(number)")
            definition.upstreams.append(UpstreamSettings(name: "old\(number)", address: address))
            var route = RouteSettings(
                name: "agent\(number)", match: ["agent\(number)"], servedBy: Rollout(steps: 2500), legacy: number)
            route.endpoint = EndpointSettings(path: "/ws/\(number)")
            definition.routes.append(route)
        }
        definition.upstreams.append(
            UpstreamSettings(name: "unified", address: UpstreamAddress(host: "127.0.0.1", port: 7200, path: "/")))
        definition.unified = routes
        return definition
    }

    static func report(_ sum: WorkerReport) -> MetricsReport {
        MetricsReport(
            version: "1.2", startedAt: UnixTime(milliseconds: 1_795_000_000_500), revision: 7, isDraining: false,
            reloads: 0, failedReloads: 0, lastReload: nil, isStoreFailing: false, sum: sum,
            workers: [
                .init(worker: 0, age: .milliseconds(5), lag: DurationCounts(), bufferedBytes: 0),
                .init(worker: 1, age: .seconds(9), lag: DurationCounts(), bufferedBytes: 0),
            ])
    }

    static func reading(_ sum: WorkerReport, at seconds: Double) -> LiveWindow.Reading {
        LiveWindow.Reading(
            report(sum), at: UnixTime(milliseconds: 1_795_000_000_000 + Int64(seconds * 1000)), seconds: seconds)
    }
}

/// What the workers tell when they are asked; a test changes it.
final class FakeWorkers: Sendable {
    private let sum: Mutex<WorkerReport>
    init(_ sum: WorkerReport) { self.sum = Mutex(sum) }

    func with(_ change: (inout WorkerReport) -> Void) { sum.withLock { change(&$0) } }
    var report: MetricsReport { LiveKit.report(sum.withLock { $0 }) }

    func sampler() -> LiveSampler {
        LiveSampler(report: { self.report }, wall: { UnixTime(milliseconds: 1_795_000_000_000) })
    }
}
