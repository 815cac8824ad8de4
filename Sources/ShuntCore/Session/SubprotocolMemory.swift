/// Which subprotocols an old endpoint's backend selects: what its clients are answered by when the backend is not asked any
/// more, because the route has moved. Bounded, and of backends' words only: a client cannot put one there.
package struct SubprotocolMemory: Sendable, Equatable {
    /// The number of selections that are remembered.
    package static let most = 8

    /// Selections, latest first.
    private var selected: [String] = []
    /// The backend answered its last offer without selecting any.
    private var lastWasNone = false

    package init() {}

    /// The backend answered an offer.
    ///
    /// - Parameter choice: nil where it selected none.
    package mutating func see(_ choice: String?, of offered: [String]) {
        guard !offered.isEmpty else { return }
        lastWasNone = choice == nil
        selected.removeAll { $0 == choice || choice == nil && offered.contains($0) }
        if let choice { selected.insert(choice, at: 0) }
        if selected.count > Self.most { selected.removeLast() }
    }

    /// The subprotocol that the backend would most likely select; nil for none.
    ///
    /// Where it was not heard yet: the first of `preferred` that is offered, else the first offered, for a browser that
    /// offers some and is given none ends the connection.
    package func choice(of offered: [String], preferred: [String]) -> String? {
        if let known = selected.first(where: offered.contains) { return known }
        if lastWasNone { return nil }
        return preferred.first(where: offered.contains) ?? offered.first
    }
}
