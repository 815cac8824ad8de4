import ArgumentParser
import Foundation
import ShuntConfig
import ShuntCore

/// Reads the configuration for a command that runs on it, and says on standard error what is wrong with it.
enum ConfigFile {
    /// Blocks: not for an event loop.
    static func read(_ path: String) -> ConfigOutcome {
        ConfigReader.read(
            path: path, environment: ProcessInfo.processInfo.environment, tls: .now())
    }

    static func readStandardInput(as name: String) -> ConfigOutcome {
        ConfigReader.read(
            from: .standardInput, file: name, environment: ProcessInfo.processInfo.environment, tls: .now())
    }

    /// Warnings are printed; errors end the command with exit code 1.
    static func load(_ path: String) throws -> ProxySettings {
        let outcome = read(path)
        for diagnostic in outcome.diagnostics { complain(diagnostic.description) }
        guard let settings = outcome.settings else {
            complain("not started: mend the errors above (shunt check \(path) shows them again)")
            throw ExitCode.failure
        }
        return settings
    }

    private static func complain(_ line: String) { FileHandle.standardError.write(Data("\(line)\n".utf8)) }
}
