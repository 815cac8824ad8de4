import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import ShuntControl
import ShuntCore
import ShuntTesting
import Synchronization

/// What a run of the real program said, and how it ended.
struct CommandRun {
    var code: Int32
    var output: String
    var complaint: String

    /// - Parameters:
    ///   - input: what is on its standard input, which is never a terminal.
    ///   - each: called with all of its output so far, each time that there is more.
    static func shunt(
        _ arguments: [String], _ environment: [String: String] = [:], input: String = "",
        each: (String) async -> Void = { _ in }
    ) async throws -> CommandRun {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("shunt")
        process.arguments = arguments
        var own = ProcessInfo.processInfo.environment
        own["SHUNT_ADMIN"] = nil
        own["SHUNT_TOKEN"] = nil
        own["USER"] = "ada"
        process.environment = own.merging(environment) { $1 }
        let (output, complaint, typed) = (Pipe(), Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = complaint
        process.standardInput = typed
        // Before it runs, because it may end without reading: the pipe has room for that.
        try typed.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try process.run()
        try typed.fileHandleForWriting.close()
        let complaints = parts(of: complaint)
        var run = CommandRun(code: 0, output: "", complaint: "")
        for await part in parts(of: output) {
            run.output += part
            await each(run.output)
        }
        for await part in complaints { run.complaint += part }
        process.waitUntilExit()
        run.code = process.terminationStatus
        return run
    }

    /// What comes out of a pipe, read on a thread of its own: the test's goes on serving the program.
    private static func parts(of pipe: Pipe) -> AsyncStream<String> {
        let (stream, source) = AsyncStream.makeStream(of: String.self)
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread {
            while case let data = handle.availableData, !data.isEmpty {
                source.yield(String(decoding: data, as: UTF8.self))
            }
            source.finish()
        }
        return stream
    }
}

/// An admin listener in front of a `FakeControl`, for as long as `body` runs.
func withAdmin(
    read: String? = nil, write: String? = nil, tls: TLSServerSettings? = nil,
    _ body:
        @Sendable (_ proxy: FakeControl, _ admin: [String: String], _ stop: @Sendable () async -> Void) async throws ->
        Void
) async throws {
    let proxy = FakeControl.forCommands()
    var settings = AdminSettings()
    settings.address = .tcp(host: "127.0.0.1", port: 0)
    settings.readToken = read
    settings.writeToken = write
    settings.tls = tls
    let (addresses, source) = AsyncStream.makeStream(of: Int.self)
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let service = ControlService(settings: settings, control: proxy, logger: logger) { address in
        source.yield(address?.port ?? 0)
    }
    let group = ServiceGroup(services: [service], logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            defer { source.finish() }
            try await group.run()
        }
        if let port = await addresses.first(where: { _ in true }) {
            let scheme = tls == nil ? "http" : "https"
            try await body(proxy, ["SHUNT_ADMIN": "\(scheme)://127.0.0.1:\(port)"]) {
                await group.triggerGracefulShutdown()
            }
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
}
