import Foundation

extension ConfigReader {
    /// Reads a configuration from a file; that it cannot be read is a diagnostic, too. Blocks: not for an event loop.
    package static func read(path: String, environment: [String: String]) -> ConfigOutcome {
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? handle.close() }
            // One byte more than is allowed, so that the reader can tell.
            var bytes: [UInt8] = []
            while bytes.count <= SourceText.largest,
                let data = try handle.read(upToCount: SourceText.largest + 1 - bytes.count), !data.isEmpty
            {
                bytes += data
            }
            return read(bytes: bytes, file: path, environment: environment)
        } catch {
            let reason = FileManager.default.fileExists(atPath: path) ? "cannot be read" : "does not exist"
            let diagnostic = Diagnostic(
                .error, file: path, position: .start, path: "", problem: "the file \(reason)",
                advice: "name it by --config, or copy the config.yaml of the project")
            return ConfigOutcome(settings: nil, diagnostics: [diagnostic], summary: nil)
        }
    }
}
