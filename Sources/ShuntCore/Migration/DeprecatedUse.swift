/// Remembers who was seen on a deprecated endpoint, so that it is said once for each client app and day. Bounded: what
/// apps call themselves is theirs to choose.
package struct DeprecatedUse: Sendable {
    /// Pairs of app and day that are remembered.
    package static let most = 1024

    package enum Answer: Sendable, Equatable {
        /// The first time on that day.
        case first
        case known
        /// The first one that is not remembered: there are too many on that day, and no more are told.
        case full
    }

    private struct Pair: Hashable {
        var app: ByteString
        var day: Int64
    }

    private var seen: Set<Pair> = []
    private var fullDay: Int64?

    package init() {}

    /// How many are remembered.
    package var count: Int { seen.count }

    /// A client connected. A clock that jumps to and fro makes nobody new, unless there is no room for both days.
    package mutating func see(_ app: ClientApp, at wall: UnixTime) -> Answer {
        let day = wall.dayNumber
        if fullDay == day || seen.contains(Pair(app: app.name, day: day)) { return .known }
        if seen.count >= Self.most {
            guard seen.contains(where: { $0.day != day }) else {
                fullDay = day
                return .full
            }
            seen = seen.filter { $0.day == day }
        }
        seen.insert(Pair(app: app.name, day: day))
        return .first
    }
}
