/// A legacy endpoint: where old clients of one route connect.
package final class Endpoint: Sendable {
    /// The path, or for unlisted values its pattern: what is kept of an endpoint when the table changes.
    package let path: String
    package let route: Route
    package let mode: PassthroughMode
    /// Types of clients' messages that go no further.
    package let absorbed: Absorption
    /// What is sent to clients to keep them calm; nil for nothing.
    package let beat: Beat?
    /// Brings a reply of the unified form to this endpoint's.
    package let toLegacy: ReshapeProgram
    /// Whose `replyKeys` that program is for.
    package let unified: Upstream?
    package let greet: [ConnectTemplate]
    /// For unlisted values: where they stand in the path.
    package let pattern: PathPattern?
    /// What it says of its end; nil while it is open.
    package let announcement: Announcement?
    /// Those of its route, where it is deprecated.
    package let brownouts: [Brownout]

    init(
        path: String, route: Route, mode: PassthroughMode, heartbeat: HeartbeatSettings?, toLegacy: ReshapeProgram,
        unified: Upstream? = nil, greet: [ConnectTemplate] = [], pattern: PathPattern? = nil,
        announcement: Announcement? = nil, brownouts: [Brownout] = []
    ) {
        self.path = path
        self.route = route
        self.mode = mode
        absorbed = Absorption(heartbeat?.absorb ?? [])
        beat = heartbeat?.beat.map { Beat($0) }
        self.toLegacy = toLegacy
        self.unified = unified
        self.greet = greet
        self.pattern = pattern
        self.announcement = announcement
        self.brownouts = brownouts
    }
}

extension Endpoint {
    /// Whether clients may connect.
    package func isOpen(in phase: Phase) -> Bool { state(in: phase) != .closed }
}

/// A path with placeholders, each for one whole segment.
package struct PathPattern: Sendable, Hashable {
    private enum Segment: Sendable, Hashable {
        case text(ByteString)
        case value(String)
    }
    private let segments: [Segment]

    package init(_ path: String) {
        segments = ByteString(path).split(at: 0x2F).map { segment in
            Self.placeholder(segment).map { .value($0) } ?? .text(segment)
        }
    }

    /// The values of the placeholders in a path, as they stand there; nil where it does not fit. A value is the name of
    /// something: not empty, and nothing that a server may take for another path.
    package func values(in path: ByteString) -> [String: ByteString]? {
        let parts = path.split(at: 0x2F)
        guard parts.count == segments.count else { return nil }
        var values: [String: ByteString] = [:]
        for (part, segment) in zip(parts, segments) {
            switch segment {
            case .text(let text): if part != text { return nil }
            case .value(let name):
                if !Self.isName(part) { return nil }
                values[name] = part
            }
        }
        return values
    }

    /// Servers normalise paths in their own ways (RFC 3986 §6.2.2): dots and slashes behind `%`, backslashes, dots before
    /// a parameter of the segment. What any of them could take for a way up or down is no name.
    private static func isName(_ segment: ByteString) -> Bool {
        let bytes = PercentCoding.decoded(segment, plusIsSpace: false).bytes
        guard !bytes.contains(where: { $0 == 0x2F || $0 == 0x5C || $0 < 0x20 || $0 == 0x7F }), !hasOverlong(bytes)
        else { return false }
        let name = bytes.prefix { ![0x3B, 0x3F, 0x23].contains($0) }
        return !name.isEmpty && !name.elementsEqual(".".utf8) && !name.elementsEqual("..".utf8)
    }

    /// Whether a careless decoder of UTF-8 could read an ASCII character where none is: `%C0%AE` is such a dot.
    private static func hasOverlong(_ bytes: [UInt8]) -> Bool {
        zip(bytes, bytes.dropFirst()).contains { first, second in
            switch first {
            case 0xC0, 0xC1: (0x80...0xBF).contains(second)
            case 0xE0: (0x80...0x9F).contains(second)
            case 0xF0: (0x80...0x8F).contains(second)
            default: false
            }
        }
    }

    /// A path with the values in the place of their placeholders.
    package static func fill(_ path: String, _ values: [String: ByteString]) -> ByteString {
        guard !values.isEmpty else { return ByteString(path) }
        return ByteString(path).split(at: 0x2F).map { segment in
            placeholder(segment).flatMap { values[$0] } ?? segment
        }.joined(separator: "/")
    }

    /// The name in a segment's braces; nil for any other segment.
    private static func placeholder(_ segment: ByteString) -> String? {
        guard segment.count >= 2, segment.bytes.first == 0x7B, segment.bytes.last == 0x7D else { return nil }
        return ByteString(segment.bytes.dropFirst().dropLast()).text
    }
}

/// A JSON text with placeholders: `{agent_type}` and the other `routeBy` members, `{session}`, `{conversation_id}`.
/// They stand inside of JSON strings; what is filled in is escaped for them.
package struct ConnectTemplate: Sendable, Hashable {
    package let text: String
    package init(_ text: String) { self.text = text }

    /// Whether a word stands in braces in it.
    package func names(_ word: String) -> Bool { filled([word: []]).count != text.utf8.count }

    /// The text with its placeholders filled in. A word in braces that is none stays as it is.
    package func filled(_ values: [String: [UInt8]]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let open = rest.firstIndex(of: UInt8(ascii: "{")) {
            result += rest[..<open]
            let inside = rest[(open + 1)...]
            guard let close = inside.firstIndex(of: UInt8(ascii: "}")),
                let value = values[String(decoding: inside[..<close], as: UTF8.self)]
            else {
                result.append(UInt8(ascii: "{"))
                rest = inside
                continue
            }
            JSONString.appendEscaped(value, to: &result)
            rest = rest[(close + 1)...]
        }
        return result + rest
    }
}

/// What a path means.
package enum EndpointMatch: Sendable {
    case unified
    case legacy(Endpoint)
}

/// All paths that clients may connect to.
package struct EndpointTable: Sendable {
    /// By route index; nil where a route has none.
    package let byRoute: [Endpoint?]
    package let unlisted: [Endpoint]
    private let byPath: [ByteString: Endpoint]
    private let unifiedPaths: Set<ByteString>
    /// As the configuration has them, without aliases but for the unified endpoint's.
    private let ownPaths: [String]
    private let routedPaths: [String]
    private let unlistedPaths: [String]

    init(
        _ definition: TableDefinition, routes: [Route], upstreams: [Upstream], unified: Upstream?
    ) throws(TableProblem) {
        unifiedPaths = Set(definition.addressing.paths.map { ByteString($0) })
        ownPaths = definition.addressing.paths
        routedPaths = definition.routes.compactMap { $0.endpoint?.path }
        unlistedPaths = definition.unlisted.map(\.path)
        var byPath: [ByteString: Endpoint] = [:]
        var byRoute: [Endpoint?] = []
        let state = EndpointState(in: definition.phase)
        let announcement =
            state == .open
            ? nil : Announcement(definition.deprecation, unified: definition.addressing.paths.first)
        // Routes of one template have the same rules: they are compiled once.
        var programs: [ReshapeRules: ReshapeProgram] = [:]
        for (route, settings) in zip(routes, definition.routes) {
            guard let endpoint = settings.endpoint else {
                byRoute.append(nil)
                continue
            }
            let program: ReshapeProgram
            if let known = programs[endpoint.toLegacy] {
                program = known
            } else {
                program = try Self.program(endpoint.toLegacy, unified, route.index)
                programs[endpoint.toLegacy] = program
            }
            let made = Endpoint(
                path: endpoint.path, route: route, mode: endpoint.passthrough, heartbeat: endpoint.heartbeat,
                toLegacy: program, unified: unified, greet: endpoint.greet.map { ConnectTemplate($0) },
                announcement: announcement,
                brownouts: state == .deprecated
                    ? definition.deprecation.brownouts.filter { $0.covers(route: route.name) } : [])
            byRoute.append(made)
            for path in [endpoint.path] + endpoint.aliases {
                let key = ByteString(path)
                if unifiedPaths.contains(key) {
                    throw .samePath(route: route.index, path: path, name: "the unified endpoint")
                }
                if let other = byPath[key], other !== made {
                    throw .samePath(route: route.index, path: path, name: other.route.name)
                }
                byPath[key] = made
            }
        }
        self.byRoute = byRoute
        self.byPath = byPath
        var unlisted: [Endpoint] = []
        for settings in definition.unlisted where upstreams.indices.contains(settings.upstream) {
            let route = Route(
                index: -1, settings: RouteSettings(name: settings.name, match: [], servedBy: .legacy, legacy: nil),
                decision: RouteDecision(rollout: .legacy, origin: .file), legacy: upstreams[settings.upstream],
                unified: nil, depth: 0)
            for path in [settings.path] + settings.aliases {
                unlisted.append(
                    Endpoint(
                        path: path, route: route, mode: settings.passthrough, heartbeat: settings.heartbeat,
                        toLegacy: ReshapeProgram(), pattern: PathPattern(path)))
            }
        }
        self.unlisted = unlisted
    }

    private static func program(
        _ rules: ReshapeRules, _ unified: Upstream?, _ route: Int
    ) throws(TableProblem) -> ReshapeProgram {
        // Without a unified upstream nothing is ever brought back.
        guard let unified else { return ReshapeProgram() }
        if rules.unwrap != nil {
            throw .badEndpointRule(route: route, reason: "unwrap acts on messages as they come, not on those made here")
        }
        do {
            return try ReshapeProgram(rules, keys: unified.replyKeys)
        } catch {
            throw .badEndpointRule(route: route, reason: error.text)
        }
    }

    /// The endpoint that has this path or pattern as its own (no alias).
    package func endpoint(at path: String) -> Endpoint? {
        if let endpoint = byPath[ByteString(path)] { return endpoint }
        return unlisted.first { $0.path.utf8.elementsEqual(path.utf8) }
    }

    /// Where clients may connect: aliases of the unified endpoint too, of the others none, with placeholders for values
    /// that are not listed. The first `most` of them, and how many more there are.
    func openPaths(in phase: Phase, most: Int) -> (paths: [String], more: Int) {
        let routed = phase.opensLegacyEndpoints ? routedPaths[...] : []
        let paths = ownPaths[...] + routed.prefix(most) + unlistedPaths.prefix(most)
        let count = ownPaths.count + routed.count + unlistedPaths.count
        return (Array(paths.prefix(most)), max(0, count - most))
    }

    /// What a path means: one that is written out counts before a pattern. nil for a path that nobody answers.
    package func match(_ path: ByteString) -> EndpointMatch? {
        if unifiedPaths.contains(path) { return .unified }
        if let endpoint = byPath[path] { return .legacy(endpoint) }
        for endpoint in unlisted where endpoint.pattern?.values(in: path) != nil { return .legacy(endpoint) }
        return nil
    }
}
