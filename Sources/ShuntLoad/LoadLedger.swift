package import ShuntCore

/// What was sent and what came back for it: each message once, on the socket and in the order in which it was sent.
package struct LoadLedger: Sendable {
    /// What a reply is.
    package enum Verdict: Equatable, Sendable {
        /// The first one to its message; `inOrder` if nothing that the socket sent later in the same lane was answered
        /// before.
        case answer(since: Instant, inOrder: Bool)
        /// Its message was answered before, or given up.
        case double
        /// Its message is of another socket.
        case ofOther(socket: Int)
        /// No message has its number.
        case unknown
    }

    private struct Entry {
        var sentAt: Instant
        var socket: Int32
        var lane: Int16
        var isOpen: Bool
    }

    /// By number, from `first` on; closed ones at the beginning are gone.
    private var entries: [Entry] = []
    private var head = 0
    private var first: Int
    /// The largest number that was answered, by socket and lane.
    private var answered: [Int]
    private let lanes: Int
    /// Messages without an answer.
    package private(set) var open = 0

    /// - Parameters:
    ///   - first: the first message's number.
    ///   - lanes: of each socket: whom it talks with in turn.
    package init(first: Int, sockets: Int, lanes: Int) {
        self.first = first
        self.lanes = max(1, lanes)
        answered = Array(repeating: -1, count: max(1, sockets) * max(1, lanes))
    }

    /// The number that the next message gets.
    package var nextNumber: Int { first + entries.count - head }

    /// A message goes out, or was due then.
    ///
    /// - Returns: its number.
    package mutating func sent(on socket: Int, lane: Int, at moment: Instant) -> Int {
        let number = nextNumber
        entries.append(
            Entry(
                sentAt: moment, socket: Int32(truncatingIfNeeded: socket), lane: Int16(truncatingIfNeeded: lane),
                isOpen: true))
        open += 1
        return number
    }

    /// A reply came.
    package mutating func answered(_ number: Int, on socket: Int) -> Verdict {
        guard number < nextNumber, number >= 0 else { return .unknown }
        guard number >= first else { return .double }
        let place = head + number - first
        guard entries.indices.contains(place) else { return .unknown }
        let entry = entries[place]
        guard Int(entry.socket) == socket else { return .ofOther(socket: Int(entry.socket)) }
        guard entry.isOpen else { return .double }
        close(place)
        let lane = socket * lanes + Int(entry.lane)
        let inOrder = !answered.indices.contains(lane) || answered[lane] < number
        if inOrder, answered.indices.contains(lane) { answered[lane] = number }
        return .answer(since: entry.sentAt, inOrder: inOrder)
    }

    /// A socket is gone: what it has not been answered never will be.
    ///
    /// - Returns: how many messages that were.
    package mutating func giveUp(socket: Int) -> Int {
        var count = 0
        for place in head..<entries.count where entries[place].isOpen && Int(entries[place].socket) == socket {
            entries[place].isOpen = false
            count += 1
        }
        open -= count
        forgetClosed()
        return count
    }

    private mutating func close(_ place: Int) {
        entries[place].isOpen = false
        open -= 1
        if place == head { forgetClosed() }
    }

    private mutating func forgetClosed() {
        while head < entries.count, !entries[head].isOpen {
            head += 1
            first += 1
        }
        if head > 4096, head * 2 > entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }
}
