/// The handshakes under way on one worker, and the refused clients that still read their answer: whose time is over, and
/// who gives way where others find no room.
///
/// The slowest give way first. Whoever waits for us does not: what was sent and not read yet is our delay.
package struct Door {
    /// A number in the order of arrival, never used twice.
    package struct ID: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    package enum Verdict: Sendable, Equatable {
        /// `limits.handshake_timeout` is over: to be refused.
        case timedOut
        /// Others need its room: to be refused.
        case gaveWay
        /// The client had time to read its refusal: to be ended.
        case left
    }

    private struct Entry {
        var arrived: Instant
        var bytes: Int
        /// Since when it is refused, and when it sent something last; nil as long as it is not.
        var refused: (at: Instant, heard: Instant)?
    }

    /// How long everybody may take, however many wait.
    private static let grace = TimeSpan.seconds(1)
    /// How long a refused peer may be silent before it is ended, where there is room and where there is none, and how
    /// long it may take if it goes on sending.
    private static let silence = TimeSpan.seconds(1)
    private static let hurriedSilence = TimeSpan.milliseconds(200)
    private static let lingering = TimeSpan.seconds(5)

    private var entries: [UInt64: Entry] = [:]
    private var last: UInt64 = 0
    /// Clients in the order of arrival, with some that have left.
    private var reading: [UInt64] = []
    private var lingerers: [UInt64] = []

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }
    package var count: Int { entries.count }

    /// A client has connected.
    package mutating func enter(bytes: Int, now: Instant) -> ID {
        last += 1
        entries[last] = Entry(arrived: now, bytes: bytes)
        reading.append(last)
        if reading.count > 64, reading.count > 2 * entries.count { reading = reading.filter(isReading) }
        return ID(number: last)
    }

    /// Counts what is held of a client now.
    ///
    /// - Returns: by how much that is more than before.
    package mutating func hold(_ bytes: Int, of id: ID) -> Int {
        guard let before = entries[id.number]?.bytes else { return 0 }
        entries[id.number]?.bytes = bytes
        return bytes - before
    }

    /// Lets a refused client read its answer in peace.
    package mutating func refuse(_ id: ID, now: Instant) {
        guard entries[id.number] != nil, entries[id.number]?.refused == nil else { return }
        entries[id.number]?.refused = (now, now)
        lingerers.append(id.number)
    }

    /// A refused peer goes on sending.
    package mutating func hear(_ id: ID, now: Instant) {
        entries[id.number]?.refused?.heard = now
    }

    /// Forgets a client that is gone.
    ///
    /// - Returns: what was held of it.
    package mutating func leave(_ id: ID) -> Int {
        entries.removeValue(forKey: id.number)?.bytes ?? 0
    }

    /// Gives back what a burst needed.
    package mutating func shrink() {
        entries.shrink()
        if reading.isEmpty { reading = [] }
        if lingerers.isEmpty { lingerers = [] }
    }

    /// Finds the clients that have to go, the slowest first; they stay here until they `leave`. To be asked every now and
    /// then.
    ///
    /// - Parameters:
    ///   - excess: bytes that are to become free; 0 where there is room.
    ///   - isUnread: whether something of a client's is not read yet.
    package mutating func due(
        now: Instant, timeout: TimeSpan, excess: Int, isUnread: (ID) -> Bool
    ) -> [(id: ID, verdict: Verdict)] {
        var due: [(id: ID, verdict: Verdict)] = []
        var freed = 0
        lingerers = lingerers.filter { entries[$0] != nil }
        for number in lingerers {
            guard let entry = entries[number], let refused = entry.refused else { continue }
            let silence = excess > freed ? Self.hurriedSilence : Self.silence
            guard now - refused.heard >= silence || now - refused.at >= Self.lingering else { continue }
            due.append((ID(number: number), .left))
            freed += entry.bytes
        }
        reading = Array(reading.drop { !isReading($0) })
        for number in reading {
            guard let entry = entries[number], entry.refused == nil else { continue }
            let age = now - entry.arrived
            guard age >= timeout || (age >= Self.grace && freed < excess) else { break }
            let id = ID(number: number)
            if isUnread(id) { continue }
            due.append((id, age >= timeout ? .timedOut : .gaveWay))
            freed += entry.bytes
        }
        return due
    }

    private func isReading(_ number: UInt64) -> Bool {
        if let entry = entries[number] { entry.refused == nil } else { false }
    }
}
