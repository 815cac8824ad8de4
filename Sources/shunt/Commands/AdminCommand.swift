import ArgumentParser
import Dispatch
import Synchronization

/// A command that asks a running proxy. `run` is written once, here: address and token, failures to exit codes.
protocol AdminCommand: ParsableCommand, Sendable {
    var options: AdminOptions { get }

    /// What is wrong with the command line though every value is of its kind; asked before anything is sent.
    func check() throws(CommandFailure)

    /// Asks, and prints the answer.
    func perform(_ client: AdminClient) async throws(CommandFailure)
}

extension AdminCommand {
    func check() throws(CommandFailure) {}

    mutating func run() throws {
        let command = self
        do {
            try command.check()
            let access = try command.options.access()
            try Blocking.run {
                try await AdminClient.with(access) { client in try await command.perform(client) }
            }
        } catch let failure as CommandFailure {
            if command.options.json, let answer = failure.answer { Output.print(answer + "\n") }
            Output.complain("shunt: \(failure.text)")
            throw failure.exitCode
        }
    }
}

/// Waits on the calling thread for something asynchronous. Commands are synchronous, because `serve` keeps the main
/// thread for itself.
enum Blocking {
    static func run(_ body: @escaping @Sendable () async throws -> Void) throws {
        let ended = DispatchSemaphore(value: 0)
        let result = Mutex<Result<Void, any Error>>(.success(()))
        Task {
            do {
                try await body()
            } catch {
                result.withLock { $0 = .failure(error) }
            }
            ended.signal()
        }
        ended.wait()
        try result.withLock { $0 }.get()
    }
}
