package import ShuntCore

/// What came of reading a configuration.
package struct ConfigOutcome: Sendable {
    /// nil when there is an error.
    package var settings: ProxySettings?
    /// All errors and warnings, in the order of the file.
    package var diagnostics: [Diagnostic]
    /// What the configuration means, for `shunt check`; nil when there is an error.
    package var summary: ConfigSummary?

    package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}

/// Reads configurations: text → document → settings → routing table, with everything that is wrong at once.
///
/// Never traps, never reads anything but what it is given, and takes bounded time and memory on any text.
package enum ConfigReader {
    /// - Parameters:
    ///   - text: YAML 1.1 of at most 4 MiB.
    ///   - file: how diagnostics call it.
    ///   - environment: what `${NAME}` refers to. Its values never appear in a diagnostic or in the summary.
    ///   - tls: looks into the files of TLS that the configuration names; without it they are taken for good.
    package static func read(
        text: String, file: String, environment: [String: String], tls: TLSFileAccess? = nil
    ) -> ConfigOutcome {
        read(bytes: Array(text.utf8), file: file, environment: environment, tls: tls)
    }

    /// The same for bytes that may be no text at all.
    package static func read(
        bytes: [UInt8], file: String, environment: [String: String], tls: TLSFileAccess? = nil
    ) -> ConfigOutcome {
        let diagnostics = DiagnosticList(file: file)
        let result = document(bytes, environment: environment, diagnostics).flatMap { document in
            DocumentReader(
                document: document, diagnostics: diagnostics, tls: TLSLookup(file: file, access: tls)
            ).read()
        }
        let usable = diagnostics.hasErrors ? nil : result
        return ConfigOutcome(
            settings: usable?.settings, diagnostics: diagnostics.sorted, summary: usable?.summary)
    }

    private static func document(
        _ bytes: [UInt8], environment: [String: String], _ diagnostics: DiagnosticList
    ) -> DocumentNode? {
        guard let text = SourceText(bytes, diagnostics: diagnostics) else { return nil }
        var loader = YAMLLoader(text, diagnostics: diagnostics)
        guard let root = loader.load() else {
            if !diagnostics.hasErrors { diagnostics.error(at: .start, "the file is empty", advice: Self.firstAdvice) }
            return nil
        }
        var builder = DocumentBuilder(environment: environment, renamed: loader.renamed, diagnostics: diagnostics)
        guard let document = builder.build(root) else { return nil }
        if document.isNull {
            diagnostics.error(at: .start, "the file is empty", advice: Self.firstAdvice)
            return nil
        }
        return document
    }

    private static let firstAdvice = "a configuration needs at least routes"
}
