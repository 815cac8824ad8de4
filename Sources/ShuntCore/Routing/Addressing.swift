/// The meaning of a message's address.
package enum Resolution: Sendable {
    /// An index into the table's routes.
    case route(Int)
    /// No first member and no default route.
    case unaddressed
    case unknownAgent
    /// The next `routeBy` member (by its level) is missing.
    case memberRequired(level: Int)
    case unknownMember(level: Int)
}

/// The tree by which an address finds its route: one level for each `routeBy` member, one hash lookup a level.
///
/// A class: asking it on the path of every message counts one reference instead of one for each of its lists.
package final class Addressing: Sendable {
    private enum Child: Sendable {
        case route(Int)
        case node(Int)
    }

    private struct Node: Sendable {
        let values: ByteMap
        let children: [Child]
    }

    private let nodes: [Node]
    /// The slot of the first member.
    let firstSlot: Int
    private let slots: [Int]
    private let defaultRoute: Int?

    package init(
        _ settings: AddressingSettings, routes: [RouteSettings], keys: KeySet
    ) throws(TableProblem) {
        slots = settings.routeBy.map { keys.slot($0) ?? 0 }
        firstSlot = slots.first ?? -1
        for (index, route) in routes.enumerated() {
            if route.match.isEmpty { throw .noMatch(route: index) }
            if route.match.count > settings.routeBy.count { throw .matchTooLong(route: index) }
        }
        if let name = settings.defaultRoute {
            guard let index = routes.firstIndex(where: { $0.name == name }) else { throw .unknownDefaultRoute(name) }
            defaultRoute = index
        } else {
            defaultRoute = nil
        }
        var nodes = [Node(values: ByteMap([]), children: [])]
        try Self.build(&nodes, node: 0, level: 0, members: Array(routes.indices), routes: routes)
        self.nodes = nodes
    }

    private static func build(
        _ nodes: inout [Node], node: Int, level: Int, members: [Int], routes: [RouteSettings]
    ) throws(TableProblem) {
        var order: [String] = []
        // By their bytes, as messages are compared: two spellings of one character are two values.
        var groups: [[UInt8]: [Int]] = [:]
        for member in members {
            let value = routes[member].match[level]
            if groups[Array(value.utf8)] == nil { order.append(value) }
            groups[Array(value.utf8), default: []].append(member)
        }
        var children: [Child] = []
        for value in order {
            let group = groups[Array(value.utf8)] ?? []
            if let leaf = group.first(where: { routes[$0].match.count == level + 1 }) {
                if let other = group.first(where: { $0 != leaf }) {
                    throw .overlap(route: max(leaf, other), with: min(leaf, other))
                }
                children.append(.route(leaf))
            } else {
                nodes.append(Node(values: ByteMap([]), children: []))
                let child = nodes.count - 1
                try build(&nodes, node: child, level: level + 1, members: group, routes: routes)
                children.append(.node(child))
            }
        }
        nodes[node] = Node(values: ByteMap(order), children: children)
    }

    /// Whether the first member of a message's address names its route, whatever the others say.
    func isWhole(_ envelope: borrowing Envelope, _ bytes: Span<UInt8>) -> Bool {
        guard let root = nodes.first, let value = envelope.value(firstSlot), let found = root.values.find(bytes, value)
        else { return false }
        if case .route = root.children[found] { return true }
        return false
    }

    /// The route that a scanned message names. `null` counts as absent.
    package func resolve(_ envelope: borrowing Envelope, _ bytes: Span<UInt8>) -> Resolution {
        var node = 0
        for level in 0..<slots.count {
            guard let value = envelope.value(slots[level]), value.kind != .null else {
                if level > 0 { return .memberRequired(level: level) }
                guard let defaultRoute else { return .unaddressed }
                return .route(defaultRoute)
            }
            guard value.kind == .string, let found = nodes[node].values.find(bytes, value) else {
                return level == 0 ? .unknownAgent : .unknownMember(level: level)
            }
            switch nodes[node].children[found] {
            case .route(let index): return .route(index)
            case .node(let child): node = child
            }
        }
        return .unknownAgent
    }
}
