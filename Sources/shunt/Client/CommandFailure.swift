import ArgumentParser

/// Why a command did not do what it was asked for, in the words for people and the exit code for scripts.
///
/// 64 (`EX_USAGE`) is ArgumentParser's own and stands for a command line that makes no sense.
struct CommandFailure: Error, Equatable {
    enum Kind: Int32, Sendable {
        /// The proxy refused, or the person at the terminal did.
        case refused = 1
        /// The command line makes no sense, or lacks a word that only a person can give.
        case usage = 64
        /// `EX_UNAVAILABLE`: no proxy answers.
        case unreachable = 69
        /// `EX_NOPERM`: the token is missing, wrong, or may not do that.
        case forbidden = 77
    }

    var kind: Kind
    /// What is wrong and what to do.
    var text: String
    /// The API's own answer, for `--json`.
    var answer: String?

    init(_ kind: Kind, _ text: String, answer: String? = nil) {
        self.kind = kind
        self.text = text
        self.answer = answer
    }

    var exitCode: ExitCode { ExitCode(kind.rawValue) }

    /// For `--help`.
    static let explanation = """
        Exit codes: 0 done; 1 the proxy refused, or you answered no; 64 the command line makes no sense; 69 no proxy \
        answers; 77 the token is missing, wrong, or may not do that.
        """
}
