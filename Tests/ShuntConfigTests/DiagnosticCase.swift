import ShuntConfig
import Testing

/// The smallest configuration that can be served.
let oneRoute = """
    routes:
      guide: {match: {agent_type: guide}, legacy: {upstream: "ws://127.0.0.1:7101/g"}}
    """

/// A bad file and all that is said about it: one line for each finding, without the file's name.
struct DiagnosticCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: String
    let expected: [String]

    init(_ name: String, _ text: String, _ expected: String) {
        testDescription = name
        self.text = text
        self.expected = expected.split(separator: "\n").map(String.init)
    }

    static let environment = ["SECRET": "s3cr3t://hunter2", "NUMBER": "77777777777777777777"]

    var found: [String] {
        let outcome = ConfigReader.read(text: text, file: "config.yaml", environment: Self.environment)
        return outcome.diagnostics.map { String($0.description.dropFirst("config.yaml:".count)) }
    }
}
