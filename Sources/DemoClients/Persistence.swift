/// How a socket came to its end, as its client saw it.
enum SocketEnd: Sendable, Hashable {
    /// Nobody answered, or not in the words of HTTP.
    case unreachable
    /// The handshake was answered by something else than 101.
    case refused(status: Int)
    /// The close code (RFC 6455 §7.4): 1005 where the peer gave none, 1006 where it was cut without a close frame.
    case closed(code: Int)
}

/// What a client does after that.
enum NextStep: Sendable, Equatable {
    case dial(after: Duration)
    /// Its user installs a newer version and comes back with that.
    case update(to: String, after: Duration)
    case leave
}

/// Decides whether and when a client comes back.
///
/// Old clients try five times after any close, 1000 too, and double their patience from 1 s to 30 s; then their user
/// reloads the page. New ones never give up, and spread their tries.
struct Persistence: Sendable {
    private let isOld: Bool
    private let ifClosed: Role.IfClosed
    private var tries = 0

    private static let triesOfOldClients = 5
    private static let longest = 30.0
    /// How long a user who sees an error waits before the next look.
    private static let look = 60.0

    init(_ role: Role) {
        isOld = role.sockets != .unified
        ifClosed = role.ifClosed
    }

    /// Something arrived: a connection that only opened says little about the backend behind it.
    mutating func heard() { tries = 0 }

    /// - Parameter chance: from 0 to 1; spreads clients that lose their sockets at the same moment.
    mutating func next(after end: SocketEnd, chance: Double) -> NextStep {
        switch end {
        case .refused(410) where isOld, .closed(4410) where isOld:
            return afterClosing(chance)
        case .refused(401), .refused(403), .closed(1008), .closed(4001), .closed(4003):
            // Taken for "log in again": the time that it takes a user to do so.
            return .dial(after: .seconds(10 + 10 * chance))
        case .refused(404):
            return .dial(after: .seconds(Self.look * (1 + chance)))
        default:
            return again(chance)
        }
    }

    private func afterClosing(_ chance: Double) -> NextStep {
        switch ifClosed {
        case .updates(let version): .update(to: version, after: .seconds(8 + 22 * chance))
        case .insists: .dial(after: .seconds(Self.look / 4 * (1 + chance)))
        case .leaves: .leave
        }
    }

    private mutating func again(_ chance: Double) -> NextStep {
        if isOld, tries >= Self.triesOfOldClients {
            tries = 0
            return .dial(after: .seconds(Self.look * (1 + chance)))
        }
        let patience = min(Double(1 << min(tries, 5)), Self.longest)
        tries = min(tries + 1, 100)
        // No less than a quarter, so that nobody dials in a tight loop.
        return .dial(after: .seconds(isOld ? patience * (0.75 + chance / 4) : patience * (0.25 + 0.75 * chance)))
    }
}
