/// Types of backends' messages that no rule of the configuration names: what is dropped for that is said once a minute for
/// each upstream, all types of that minute together, so that the one that matters is not lost behind one that is frequent.
struct UnlistedTypes: Sendable {
    private struct Gathered: Sendable {
        var types: [[UInt8]] = []
        /// There were further ones.
        var isFull = false
        var saysAt: Instant
    }

    /// By `Upstream.index`.
    private var gathered: [Int: Gathered] = [:]
    /// When it wants to be looked at; kept for the timer wheel.
    var armed = Instant.distantFuture

    /// What follows the first one so soon is told with it.
    static let patience = TimeSpan.seconds(1)
    static let every = TimeSpan.seconds(60)
    private static let mostTypes = 8

    /// A message was dropped.
    ///
    /// - Parameter type: as `shown` makes it; nil for a message without one.
    /// - Returns: when to look again.
    mutating func note(_ type: [UInt8]?, of upstream: Int, now: Instant) -> Instant {
        var entry = gathered[upstream] ?? Gathered(saysAt: now + Self.patience)
        if entry.types.isEmpty { entry.saysAt = max(entry.saysAt, now + Self.patience) }
        let type = type ?? []
        if !entry.types.contains(type) {
            if entry.types.count < Self.mostTypes { entry.types.append(type) } else { entry.isFull = true }
        }
        gathered[upstream] = entry
        return entry.saysAt
    }

    /// What is to be said now.
    ///
    /// - Parameter member: what an upstream tells its types by.
    /// - Returns: what is to be said now, by upstream, and when to look again.
    mutating func due(
        now: Instant, member: (Int) -> String
    ) -> (texts: [(upstream: Int, text: String)], next: Instant) {
        var texts: [(upstream: Int, text: String)] = []
        var next = Instant.distantFuture
        for (upstream, entry) in gathered.sorted(by: { $0.key < $1.key }) {
            if entry.saysAt > now {
                if !entry.types.isEmpty { next = min(next, entry.saysAt) }
            } else if entry.types.isEmpty {
                gathered[upstream] = nil
            } else {
                texts.append((upstream, Self.text(entry.types, isFull: entry.isFull, member: member(upstream))))
                gathered[upstream] = Gathered(saysAt: now + Self.every)
            }
        }
        return (texts, next)
    }

    private static func text(_ types: [[UInt8]], isFull: Bool, member: String) -> String {
        let named = types.filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
        var parts: [String] = []
        if !named.isEmpty { parts.append("\(member) \(named.joined(separator: ", "))\(isFull ? " and others" : "")") }
        if named.count < types.count { parts.append("a message without \(member)") }
        let isOne = types.count == 1 && !isFull
        return parts.joined(separator: " and ") + (isOne ? " is neither" : " are neither")
            + " in replies.match nor in pushes"
    }

    /// A type for people: JSON, cut where it is long, and printable ASCII whatever it was.
    static func shown(_ bytes: Span<UInt8>, _ value: JSONValue) -> [UInt8] {
        let most = 64
        guard value.kind == .string else {
            let range = value.start..<min(value.end, value.start + most)
            return copy(bytes, range).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        }
        var text: [UInt8] = [UInt8(ascii: "\"")]
        var isCut = false
        for scalar in String(decoding: JSONString.content(bytes, value), as: UTF8.self).unicodeScalars {
            if text.count > most {
                isCut = true
                break
            }
            switch scalar {
            case "\"", "\\": text += [UInt8(ascii: "\\"), UInt8(truncatingIfNeeded: scalar.value)]
            case " "..."~": text.append(UInt8(truncatingIfNeeded: scalar.value))
            default: text += Array("\\u{\(String(scalar.value, radix: 16))}".utf8)
            }
        }
        return text + Array((isCut ? "…\"" : "\"").utf8)
    }
}
