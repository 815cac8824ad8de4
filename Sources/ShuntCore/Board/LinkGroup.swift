/// The connections of one pool: the one that new messages go to, and those that finish what was sent on them.
package struct LinkGroup: Sendable {
    /// Takes new messages, or is being dialled for them; none when there is none.
    package private(set) var current = ConnectionID.none
    /// All that are not gone yet, the current one included.
    package private(set) var all: [ConnectionID] = []

    package init() {}

    package var isEmpty: Bool { all.isEmpty }

    /// A connection is dialled for new messages.
    package mutating func add(_ id: ConnectionID) {
        current = id
        all.append(id)
    }

    /// A connection takes no new messages any more.
    ///
    /// - Returns: whether it was the one that did.
    package mutating func retire(_ id: ConnectionID) -> Bool {
        guard current == id else { return false }
        current = .none
        return true
    }

    /// A connection is gone.
    ///
    /// - Returns: whether it was the one for new messages.
    package mutating func remove(_ id: ConnectionID) -> Bool {
        all.removeAll { $0 == id }
        return retire(id)
    }
}
