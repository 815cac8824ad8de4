import Logging
import ShuntCore
import Synchronization

/// What all log handlers go by, and what a reload changes while they are in use: the level, and the names of what must
/// never be written.
final class LogRules: Sendable {
    /// The level as its place among all levels: read for each event that may be logged.
    private let place: Atomic<Int>
    private let names: Mutex<[String]>

    init(_ settings: ProxySettings) {
        place = Atomic(Self.place(of: settings.log.level))
        names = Mutex(settings.table.secretNames)
    }

    /// Names are added, never removed: what was a token's place before may still be in a message.
    func apply(_ settings: ProxySettings) {
        place.store(Self.place(of: settings.log.level), ordering: .relaxed)
        names.withLock { $0 = Set($0 + settings.table.secretNames).sorted() }
    }

    var level: Logger.Level { Logger.Level.allCases[place.load(ordering: .relaxed)] }

    /// The names of query fields, header fields and cookies that carry tokens.
    var secrets: [String] { names.withLock { $0 } }

    private static func place(of level: String) -> Int {
        let level = Logger.Level(rawValue: level) ?? .info
        return Logger.Level.allCases.firstIndex(of: level) ?? 0
    }
}

extension RoutingTable {
    /// The names of query fields, header fields and cookies that carry tokens.
    fileprivate var secretNames: [String] {
        var names = Set(["session_token"])
        let credentials = definition.upstreams.compactMap(\.credential)
        for source in definition.session.token + credentials {
            switch source {
            case .query(let name), .cookie(let name), .header(let name): names.insert(name)
            case .subprotocol: break
            }
        }
        return names.sorted()
    }
}
