/// What is left to do at an event's end, in the order in which it was asked for: what a machine needs of another one that
/// it may not call. So nothing disappears, or is sent, in the middle of what somebody else does.
struct Agenda: Sendable {
    enum Item: Sendable {
        /// Release a pool that nobody needs any more; else send what it may, or dial.
        case tend(PoolID)
        /// End a session that nobody is left of, and that has nothing to remember.
        case endIfUnused(SessionID)
        /// Close a client whose time has come, if nothing of it is under way.
        case leave(ClientID)
        /// Read a client again that was not read while much of its own waited.
        case resumeReading(ClientID)
    }

    private var items: [Item] = []
    private var taken = 0

    var isEmpty: Bool { items.isEmpty }
    var count: Int { items.count - taken }

    mutating func add(_ item: Item) { items.append(item) }

    /// The next item; nil where none is left.
    mutating func next() -> Item? {
        guard taken < items.count else {
            items.removeAll(keepingCapacity: true)
            taken = 0
            return nil
        }
        taken += 1
        return items[taken - 1]
    }
}
