import ArgumentParser
import Foundation
import ShuntCore
import ShuntLoad
import ShuntReactor

/// `shunt echo ADDRESS`: a backend for load tests, and that of the benchmarks.
struct EchoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo",
        abstract: "Say back to each WebSocket what it says, as the backend of a load test.",
        discussion: "Any path, one thread, this machine only. SIGTERM ends it.")

    @Argument(help: "Where to listen, such as 127.0.0.1:7000; port 0 is any, and said.")
    var address: String

    func run() throws {
        do throws(CommandFailure) {
            try serve()
        } catch {
            Output.complain(error.text)
            throw error.exitCode
        }
    }

    private func serve() throws(CommandFailure) {
        let parts = address.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let port = UInt16(parts[1]),
            let local = SocketAddress(literal: String(parts[0]), port: port), local.isLoopback
        else {
            throw CommandFailure(.usage, "\(address) is no address of this machine: use one such as 127.0.0.1:7000")
        }
        signal(SIGPIPE, SIG_IGN)
        ProcessLimits.raiseOpenFiles()
        Interruption.await()
        do throws(SystemError) {
            let listener = try SystemSocket.listen(on: local, SystemSocket.ListenOptions())
            let server = try EchoServer(listener: listener, on: try Reactor())
            Output.print("ready on \(SystemSocket.localAddress(of: listener)?.description ?? address)\n")
            server.run { Interruption.came }
        } catch {
            throw CommandFailure(.unreachable, "cannot listen on \(address): \(error)")
        }
    }
}
