import Yams

/// Why a text is no YAML, in words for the person who wrote it.
struct YAMLProblem {
    private var problem: String
    private var position: SourcePosition
    /// What YAML was in the middle of, and where that began.
    private var context = ""

    init(_ error: YamlError) {
        // The description of a YamlError holds the whole file: it is never used.
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            self.problem = problem
            position = SourcePosition(line: mark.line, column: mark.column)
            if let context, context.text.hasPrefix("while "), context.mark.line < mark.line {
                self.context = " \(context.text) that begins at line \(context.mark.line)"
            }
        case .reader(let problem, _, _, _):
            self.problem = problem
            position = .start
        default:
            problem = "the text cannot be read"
            position = .start
        }
    }

    func report(in text: SourceText, to diagnostics: DiagnosticList) {
        let place = min(position, text.end)
        diagnostics.error(at: place, "no valid YAML: \(problem)\(context)", advice: advice(line: text.line(place.line)))
    }

    private func advice(line: String) -> String? {
        let indentation = line.prefix { $0 == " " || $0 == "\t" }
        if indentation.contains("\t") { return "indent with spaces, not with tabs" }
        if line.contains("[::") { return "put an IPv6 address in quotes: \"[::]:8080\"" }
        if line.contains("{"), line.contains("}/") || line.contains("/{") {
            return "put a text with {…} in quotes"
        }
        if problem.contains("mapping values are not allowed") {
            return "check the indentation, and put a text that contains \": \" in quotes"
        }
        if problem.contains("cannot start any token") {
            return "put a text that begins with %, @ or ` in quotes"
        }
        if problem.contains("undefined alias") { return "put a text that begins with * in quotes" }
        if problem.contains("another document") { return "a configuration is one document: remove the --- line" }
        return nil
    }
}
