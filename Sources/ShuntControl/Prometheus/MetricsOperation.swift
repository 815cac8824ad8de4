import Foundation
import HTTPTypes
package import ShuntCore

extension AdminAPI {
    /// `GET /metrics`, for `extra`.
    ///
    /// - Parameter report: what is told; it must not wait for a busy worker.
    package static func metrics(_ report: @escaping @Sendable () async -> MetricsReport) -> AdminOperation {
        let cache = MetricsLabelCache()
        return AdminOperation(
            "metrics", .get, .fixed(AdminPath.metrics), access: .read,
            "Everything that is counted, for Prometheus: the text format 0.0.4, or OpenMetrics 1.0 where it is asked for.",
            answer: nil, texts: ["text/plain", "application/openmetrics-text"]
        ) { call throws(Problem) in
            let format = MetricsFormat(accept: call.accept)
            let page = MetricsPage.bytes(of: await report(), format, cache)
            var answer = Answer(type: format.contentType, body: .bytes(Data(page)))
            answer.fields[.vary] = "Accept"
            return answer
        }
    }
}
