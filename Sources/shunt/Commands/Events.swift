import ArgumentParser
import Foundation
import ShuntControl

/// `shunt events`: what happened, and what happens.
struct EventsCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show what happened lately, oldest first.",
        discussion: """
            With --follow it goes on until it is interrupted, nobody reads its output any more or the proxy stops (exit \
            code 69); --json then prints one event a line.

            \(CommandFailure.explanation)
            """)

    @OptionGroup var options: AdminOptions

    @Flag(name: [.short, .long], help: "Go on with what happens from now on.")
    var follow = false

    @Option(help: "The first events after the one with this id, instead of the latest.")
    var after: Int64?

    @Option(help: "How many of the past at most.")
    var limit = 50

    func check() throws(CommandFailure) {
        try Limit.check(limit)
        guard after ?? 0 >= 0 else { throw CommandFailure(.usage, "--after is the id of an event: 0 or more.") }
    }

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let from = after.map { "&after=\($0)" } ?? ""
        let answer = try await client.get(AdminPath.events + "?limit=\(limit)\(from)")
        if options.json, !follow { return Output.print(answer.text + "\n") }
        let past = try answer.decoded(EventsAnswer.self).events
        for event in past { Output.print(try text(event)) }
        guard follow else { return }
        let following = Task { [self] () -> CommandFailure? in
            do throws(CommandFailure) {
                try await follow(client, from: past.last?.id ?? after ?? 0)
                return nil
            } catch {
                return error
            }
        }
        let watching = Task {
            await Output.readerLeaves()
            following.cancel()
        }
        let problem = await following.value
        watching.cancel()
        // `| head -1` has what it wanted.
        if following.isCancelled { return }
        throw problem ?? CommandFailure(.unreachable, "The proxy ended the stream of events.")
    }

    private func follow(_ client: AdminClient, from id: Int64) async throws(CommandFailure) {
        var last = id
        try await client.follow(after: last) { data in
            let event = try AdminClient.Answer(body: Data(data.utf8)).decoded(EventAnswer.self)
            // The stream may begin with events that were printed above.
            guard event.id > last else { return }
            last = event.id
            Output.print(try text(event))
        }
    }

    private func text(_ event: EventAnswer) throws(CommandFailure) -> String {
        options.json ? try JSONLine.text(event) : EventText.text(event)
    }
}

enum EventText {
    /// `TIME level kind subject: text`, in columns that fit what is common: lines come one by one.
    static func text(_ event: EventAnswer) -> String {
        // Some texts begin with their subject.
        let isNamed = event.subject.isEmpty || event.text.hasPrefix("\(event.subject):")
        let subject = isNamed ? "" : "\(event.subject): "
        let line = "\(event.at)  \(padded(event.level, 7))  \(padded(event.kind, 18))  \(subject)\(event.text)"
        return Printable.text(line) + "\n"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
