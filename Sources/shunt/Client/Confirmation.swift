import Foundation

/// Asks the person at the terminal before something large is done.
struct Confirmation {
    /// Whether somebody sits there.
    var isTerminal: Bool
    /// The next line that they type; nil at the end.
    var readLine: () -> String?
    /// Where the question goes.
    var write: (String) -> Void

    static var terminal: Confirmation {
        Confirmation(
            isTerminal: isatty(STDIN_FILENO) == 1, readLine: { Swift.readLine() },
            write: { Output.complain($0, end: "") })
    }

    /// Returns when the answer is yes; everything that is not yes is no.
    ///
    /// - Parameter isGiven: `--yes` was on the command line.
    func ask(_ question: String, isGiven: Bool) throws(CommandFailure) {
        if isGiven { return }
        guard isTerminal else {
            throw CommandFailure(
                .usage, "Nothing was changed: there is no terminal to ask at. --yes answers in advance.")
        }
        write("\(question) [y/N] ")
        let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased() ?? ""
        guard answer == "y" || answer == "yes" else { throw CommandFailure(.refused, "Nothing was changed.") }
    }
}
