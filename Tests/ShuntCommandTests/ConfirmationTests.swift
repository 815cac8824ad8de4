import Synchronization
import Testing

@testable import shunt

@Suite struct ConfirmationTests {
    private func ask(_ answer: String?, isTerminal: Bool = true, isGiven: Bool = false) throws(CommandFailure) -> String
    {
        var asked = ""
        let confirmation = Confirmation(isTerminal: isTerminal, readLine: { answer }, write: { asked += $0 })
        try confirmation.ask("Move?", isGiven: isGiven)
        return asked
    }

    @Test(arguments: ["y", "Y", "yes", " YES "])
    func `yes is yes`(answer: String) throws {
        #expect(try ask(answer) == "Move? [y/N] ")
    }

    @Test(arguments: ["", "n", "no", "yep", "1", nil])
    func `everything else is no`(answer: String?) {
        let failure = #expect(throws: CommandFailure.self) { _ = try ask(answer) }
        #expect(failure?.kind == .refused)
    }

    @Test
    func `without a terminal only the option is an answer`() throws {
        let failure = #expect(throws: CommandFailure.self) { _ = try ask("y", isTerminal: false) }
        #expect(failure?.kind == .usage)
        #expect(try ask(nil, isTerminal: false, isGiven: true) == "")
    }
}
