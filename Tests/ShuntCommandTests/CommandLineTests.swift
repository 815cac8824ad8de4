import ArgumentParser
import Testing

@testable import shunt

@Suite struct CommandLineTests {
    /// The command that a line means, checked as `run` checks it before it asks anybody.
    private func parse(_ line: String) throws -> any ParsableCommand {
        let command = try Shunt.parseAsRoot(line.split(separator: " ").map(String.init))
        try (command as? any AdminCommand)?.check()
        return command
    }

    @Test(arguments: [
        "status", "routes", "routes liaison/*", "pools", "sessions --limit 5", "events --follow", "events --after 7",
        "audit --before 12 --limit 1000", "set guide 25% --reason trial", "set guide unified", "set liaison/* 0.5%",
        "unset guide", "phase", "phase migrate --yes", "phase --unset", "phase complete --dry-run --json",
        "pause guide", "resume guide", "reconnect liaison/content", "reload", "drain --reason host",
        "status --admin http://127.0.0.1:9 --token t --json",
    ])
    func `a command line that makes sense is taken`(line: String) throws {
        #expect(throws: Never.self) { try parse(line) }
    }

    @Test(arguments: [
        "set guide", "set guide 101%", "set guide 25", "set guide 25.125%", "set guide both", "set guide -1%",
        "unset", "pause", "phase sideways", "phase migrate --unset", "phase --yes", "phase --dry-run",
        "sessions --limit 0", "audit --limit 1001", "audit --before x", "events --after -1", "frobnicate",
        "status --bogus",
    ])
    func `a command line that makes no sense ends with 64`(line: String) throws {
        let error = #expect(throws: (any Error).self) { try parse(line) }
        let code =
            switch error {
            case let failure as CommandFailure: failure.exitCode
            case let error?: Shunt.exitCode(for: error)
            case nil: ExitCode.success
            }
        #expect(code == ExitCode(64))
    }

    @Test
    func `a share without its percent sign is understood, not taken`() {
        let failure = #expect(throws: CommandFailure.self) { _ = try parse("set guide 25") }
        #expect(failure?.text.contains("Did you mean 25%?") == true)
    }

    @Test(
        arguments: [
            ([], [:], AdminAddress.standard, nil),
            ([], ["SHUNT_ADMIN": "http://10.0.0.1:9", "SHUNT_TOKEN": "secret"], "http://10.0.0.1:9", "secret"),
            (
                ["--admin", "https://proxy:1/", "--token", "t"], ["SHUNT_ADMIN": "http://x", "SHUNT_TOKEN": "s"],
                "https://proxy:1", "t"
            ),
            ([], ["SHUNT_ADMIN": "", "SHUNT_TOKEN": ""], AdminAddress.standard, nil),
            (["--admin", "http+unix://%2Frun%2Fshunt.sock"], [:], "http+unix://%2Frun%2Fshunt.sock", nil),
        ] as [([String], [String: String], String, String?)])
    func `options stand above the environment`(
        options: [String], environment: [String: String], address: String, token: String?
    ) throws {
        let access = try AdminOptions.parse(options).access(environment)
        #expect(access.address.description == address)
        #expect(access.token == token)
    }

    @Test(arguments: [
        "127.0.0.1:9090", "ftp://x", "http://", "http://x/api", "http://u:p@x", "http://x?y=1", "", "http://x y",
    ])
    func `an address that is none is a usage error`(address: String) {
        let failure = #expect(throws: CommandFailure.self) { _ = try AdminAddress(address) }
        #expect(failure?.kind == .usage)
    }

    @Test(arguments: ["a b", "a\r\nX-Admin: 1", "tökén"])
    func `a token that cannot be sent is not repeated in the refusal`(token: String) {
        let failure = #expect(throws: CommandFailure.self) { _ = try AdminAccess.checked(token: token) }
        #expect(failure?.kind == .usage)
        #expect(failure?.text.contains(token) == false)
    }

    @Test(arguments: [
        (["USER": "ada"], "ada@desk"), (["LOGNAME": "bo"], "bo@desk"), (["USER": "a d\r\na"], "a_d_a@desk"),
        (["USER": "Zoë"], "Zo_@desk"), (["USER": String(repeating: "x", count: 99)], String(repeating: "x", count: 64)),
    ])
    func `the author is who calls, from where`(environment: [String: String], author: String) {
        #expect(AdminAccess.author(environment, host: "desk") == author)
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `completion scripts know every command and need no proxy`(shell: String) throws {
        let error = #expect(throws: (any Error).self) {
            _ = try Shunt.parseAsRoot(["--generate-completion-script", shell])
        }
        let script = try #require(error.map { Shunt.fullMessage(for: $0) })
        #expect(Shunt.exitCode(for: try #require(error)) == .success)
        for command in Shunt.configuration.subcommands {
            let name = try #require(command.configuration.commandName)
            #expect(script.contains(name))
        }
        #expect(script.contains("deprecate"))
    }

    @Test
    func `every command's help says what the exit codes mean`() throws {
        for command in Shunt.configuration.subcommands where command is any AdminCommand.Type {
            #expect(command.helpMessage(columns: 400).contains("69 no proxy answers"), "\(command)")
        }
    }
}
