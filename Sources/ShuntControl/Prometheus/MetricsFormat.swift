/// The two forms in which Prometheus and its kin read metrics.
package enum MetricsFormat: String, Sendable, CaseIterable {
    /// The text format, version 0.0.4.
    case text = "text/plain; version=0.0.4; charset=utf-8"
    /// OpenMetrics 1.0.
    case openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    /// Of an answer.
    package var contentType: String { rawValue }

    /// What a caller would rather read (RFC 9110 §12.5.1): OpenMetrics where it names a version of it that is spoken here,
    /// and likes it no less than text. Everybody else gets text, for a scraper has no use for a refusal.
    ///
    /// - Parameter accept: the `Accept` fields, joined by commas.
    package init(accept: String) {
        var openMetrics = 0.0
        var text: Double?
        var anything: Double?
        for range in accept.split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.trimmed.lowercased() }
            var quality = 1.0
            var version: String?
            for parameter in parts.dropFirst() {
                let pair = parameter.split(separator: "=", maxSplits: 1).map { $0.trimmed }
                guard pair.count == 2 else { continue }
                if pair[0] == "q" { quality = min(max(Double(pair[1]) ?? 0, 0), 1) }
                if pair[0] == "version" { version = pair[1].filter { $0 != "\"" } }
            }
            switch parts.first {
            case "application/openmetrics-text" where version == nil || version == "1.0.0":
                openMetrics = max(openMetrics, quality)
            case "text/plain": text = max(text ?? 0, quality)
            case "text/*", "*/*": anything = max(anything ?? 0, quality)
            default: break
            }
        }
        self = openMetrics > 0 && openMetrics >= text ?? anything ?? 0 ? .openMetrics : .text
    }
}

extension StringProtocol {
    /// Without blanks at both ends.
    fileprivate var trimmed: String {
        var text = Substring(self)
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
