package import Foundation

extension ConfigReader {
    /// Reads a configuration from a file; that it cannot be read is a diagnostic, too. Blocks: not for an event loop.
    package static func read(
        path: String, environment: [String: String], tls: TLSFileAccess? = nil
    ) -> ConfigOutcome {
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? handle.close() }
            return read(
                bytes: try bytes(of: handle), file: path, environment: environment, tls: tls)
        } catch {
            let reason = FileManager.default.fileExists(atPath: path) ? "cannot be read" : "does not exist"
            let diagnostic = Diagnostic(
                .error, file: path, position: .start, path: "", problem: "the file \(reason)",
                advice: "name it by --config, or copy the config.yaml of the project")
            return ConfigOutcome(settings: nil, diagnostics: [diagnostic], summary: nil)
        }
    }

    /// The same from an open file, to its end.
    package static func read(
        from handle: FileHandle, file: String, environment: [String: String], tls: TLSFileAccess? = nil
    ) -> ConfigOutcome {
        guard let bytes = try? bytes(of: handle) else {
            let diagnostic = Diagnostic(.error, file: file, position: .start, path: "", problem: "it cannot be read")
            return ConfigOutcome(settings: nil, diagnostics: [diagnostic], summary: nil)
        }
        return read(bytes: bytes, file: file, environment: environment, tls: tls)
    }

    /// One byte more than is allowed at most, so that the reader can tell.
    private static func bytes(of handle: FileHandle) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= SourceText.largest,
            let data = try handle.read(upToCount: SourceText.largest + 1 - bytes.count), !data.isEmpty
        {
            bytes += data
        }
        return bytes
    }
}
