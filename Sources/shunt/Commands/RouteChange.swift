import ArgumentParser
import ShuntControl

/// Does the same to one route, or to all that a pattern matches, one after the other.
struct RouteChange {
    var selection: RouteSelection
    var method: AdminClient.Method
    /// Of the API, for a route's name.
    var path: (String) -> String
    /// For patterns: routes that are so already are left out.
    var isNeeded: (RouteAnswer) -> Bool = { _ in true }

    func perform(
        _ client: AdminClient, _ body: some Encodable, json: Bool
    ) async throws(CommandFailure) {
        let names = try await names(client)
        if names.isEmpty { Output.complain("Nothing to do: every route that matches is so already.") }
        for (index, name) in names.enumerated() {
            do {
                let answer = try await client.change(method, path(name), body)
                Output.print(json ? answer.text + "\n" : ChangeText.text(try answer.decoded(ChangeAnswer.self)))
            } catch {
                guard names.count > 1 else { throw error }
                // Those before it are done and stay so: say which are not.
                let rest = names[index...].joined(separator: ", ")
                throw CommandFailure(
                    error.kind, "\(name): \(error.text)\nNot done: \(Printable.text(rest))", answer: error.answer)
            }
        }
    }

    private func names(_ client: AdminClient) async throws(CommandFailure) -> [String] {
        guard selection.isPattern else { return [selection.text] }
        let routes = try await client.get(AdminPath.routes).decoded(RoutesAnswer.self).routes
        return try selection.chosen(from: routes).filter(isNeeded).map(\.name)
    }
}

/// What a change did.
enum ChangeText {
    static func text(_ answer: ChangeAnswer) -> String {
        let changed = answer.changed.isEmpty ? ["nothing changed"] : answer.changed
        return (changed + answer.notes.map { "note: \($0)" }).map { Printable.text($0) + "\n" }.joined()
    }
}

/// The reason that goes into the audit trail.
struct ReasonOption: ParsableArguments {
    @Option(help: "Why, for the audit trail and whoever asks later.")
    var reason = ""

    var given: String? { reason.isEmpty ? nil : reason }
}
