import Foundation
import Logging
import ShuntCore

/// Writes one line an event to standard error, as text for people or as JSON for machines. Every value passes the
/// redaction: what looks like a token in a query never reaches the log, whoever put it there.
struct LineLogHandler: LogHandler {
    let label: String
    let format: LogFormat
    let rules: LogRules
    var metadata: Logger.Metadata = [:]
    /// One for all: setting it for a single logger does nothing.
    var logLevel: Logger.Level {
        get { rules.level }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let secrets = rules.secrets
        let merged = metadata.merging(event.metadata ?? [:]) { $1 }
        var values = merged.mapValues { Redaction.redact("\($0)", names: secrets) }
        if let error = event.error { values["error"] = Redaction.redact("\(error)", names: secrets) }
        let message = Redaction.redact("\(event.message)", names: secrets)
        let line: String
        switch format {
        case .text: line = textLine(event.level, message, values)
        case .json: line = jsonLine(event.level, message, values)
        }
        FileHandle.standardError.write(Data(line.utf8))
    }

    private func textLine(_ level: Logger.Level, _ message: String, _ values: [String: String]) -> String {
        let pairs = values.sorted { $0.key < $1.key }.map { " \($0.key)=\(quoted($0.value))" }
        return "\(timestamp()) \(level) \(message)\(pairs.joined())\n"
    }

    /// Values with spaces, quotes or control characters are quoted, so that one event stays one line.
    private func quoted(_ value: String) -> String {
        let plain = value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && $0 != "=" && $0.value != 0x7F }
        if plain && !value.isEmpty { return value }
        return json(value)
    }

    private func jsonLine(_ level: Logger.Level, _ message: String, _ values: [String: String]) -> String {
        var members = [
            #""timestamp":\#(json(timestamp()))"#, #""level":\#(json("\(level)"))"#, #""message":\#(json(message))"#,
        ]
        for (name, value) in values.sorted(by: { $0.key < $1.key }) { members.append("\(json(name)):\(json(value))") }
        return "{\(members.joined(separator: ","))}\n"
    }

    private func json(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONString.appendQuoted(Array(text.utf8), to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func timestamp() -> String {
        Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
