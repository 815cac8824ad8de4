import ShuntControl
import ShuntCore

/// The routes that a command means: one by its name, or all that a pattern matches.
struct RouteSelection {
    let text: String

    init(_ text: String) { self.text = text }

    /// Whether the proxy has to be asked which routes there are.
    var isPattern: Bool { text.contains("*") }

    func matches(_ name: String) -> Bool {
        ClientOverride(app: text, servedBy: .legacy).matches(app: ByteString(name))
    }

    /// - Throws: when there are none: a pattern that hits nothing is a mistake in typing.
    func chosen(from routes: [RouteAnswer]) throws(CommandFailure) -> [RouteAnswer] {
        let chosen = routes.filter { matches($0.name) }
        if chosen.isEmpty {
            let names = routes.prefix(20).map(\.name).joined(separator: ", ") + (routes.count > 20 ? ", …" : "")
            throw CommandFailure(
                .refused, "No route matches '\(Printable.text(text))'. There are: \(Printable.text(names)).")
        }
        return chosen
    }
}
