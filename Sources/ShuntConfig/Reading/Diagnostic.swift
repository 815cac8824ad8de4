/// Something about a configuration file that a person should know, with what to do about it.
package struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    package enum Severity: String, Sendable, Hashable, Codable { case error, warning }

    package var severity: Severity
    /// The file as the caller named it.
    package var file: String
    package var position: SourcePosition
    /// Where in the document: `routes.guide.legacy.upstream.url`; empty for the file as a whole.
    package var path: String
    /// What is wrong, with what was found. Values of the environment never appear.
    package var problem: String
    /// What would be right.
    package var allowed: String?
    /// The word that was probably meant.
    package var meant: String?
    /// What to do, or why it is wrong.
    package var advice: String?

    package init(
        _ severity: Severity, file: String = "", position: SourcePosition, path: String, problem: String,
        allowed: String? = nil, meant: String? = nil, advice: String? = nil
    ) {
        self.severity = severity
        self.file = file
        self.position = position
        self.path = path
        self.problem = problem
        self.allowed = allowed
        self.meant = meant
        self.advice = advice
    }

    package var isError: Bool { severity == .error }

    /// One line: `config.yaml:12:5: error: routes.guide.servd_by: unknown key "servd_by"; did you mean "served_by"?`
    package var description: String {
        var parts = [problem]
        if let allowed { parts.append("allowed: \(allowed)") }
        if let meant { parts.append("did you mean \"\(meant)\"?") }
        if let advice { parts.append(advice) }
        let place = "\(file):\(position.line):\(position.column): \(severity.rawValue): "
        return place + (path.isEmpty ? "" : path + ": ") + parts.joined(separator: "; ")
    }
}
