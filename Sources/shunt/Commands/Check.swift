import ArgumentParser
import Foundation
import ShuntConfig

/// `shunt check [config.yaml]`: says everything that is wrong with a configuration, or what it means.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a configuration and show what it means.",
        discussion: """
            Prints errors and warnings to standard error, and a summary of routes to standard output.
            Exit code 0: the configuration can be served. 1: it has errors. For - the configuration is read from \
            standard input.
            """)

    @Argument(help: "The configuration file; - is standard input.", completion: .file(extensions: ["yaml", "yml"]))
    var config = "config.yaml"

    @Flag(help: "Print one JSON object to standard output instead.")
    var json = false

    @Flag(help: "Count warnings as errors.")
    var strict = false

    /// How diagnostics call it.
    private var shown: String { config == "-" ? "<stdin>" : config }

    func run() throws {
        let outcome = config == "-" ? ConfigFile.readStandardInput(as: shown) : ConfigFile.read(config)
        let isGood = !outcome.hasErrors && !(strict && !outcome.diagnostics.isEmpty)
        if json {
            print(try outcome.json(isGood: isGood))
        } else {
            var report = ""
            for diagnostic in outcome.diagnostics { report += diagnostic.description + "\n" }
            let errors = outcome.diagnostics.count { $0.severity == .error }
            let warnings = outcome.diagnostics.count - errors
            if errors > 0 { report += "\(shown): \(errors) error(s), \(warnings) warning(s)\n" }
            FileHandle.standardError.write(Data(report.utf8))
            if let summary = outcome.summary { print(summary.text) }
        }
        if !isGood { throw ExitCode(1) }
    }
}

extension ConfigOutcome {
    /// `{"ok": …, "diagnostics": […], "summary": {…}}` in one line, members in alphabetical order.
    fileprivate func json(isGood: Bool) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let report = Report(ok: isGood, diagnostics: diagnostics.map(Report.Finding.init), summary: summary)
        return String(decoding: try encoder.encode(report), as: UTF8.self)
    }

    private struct Report: Encodable {
        var ok: Bool
        var diagnostics: [Finding]
        var summary: ConfigSummary?

        struct Finding: Encodable {
            var severity: Diagnostic.Severity
            var file: String
            var line: Int
            var column: Int
            var path: String
            var problem: String
            var allowed: String?
            var meant: String?
            var advice: String?

            init(_ diagnostic: Diagnostic) {
                severity = diagnostic.severity
                file = diagnostic.file
                line = diagnostic.position.line
                column = diagnostic.position.column
                path = diagnostic.path
                problem = diagnostic.problem
                allowed = diagnostic.allowed
                meant = diagnostic.meant
                advice = diagnostic.advice
            }
        }
    }
}
