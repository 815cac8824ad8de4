import HTTPTypes
import ShuntCore

/// The table of all operations of a listener.
package struct AdminAPI: Sendable {
    /// In the order of the document.
    package let operations: [AdminOperation]
    private let byPath: [AdminOperation.Path: [HTTPRequest.Method: AdminOperation]]
    private static let routePrefix = AdminPath.routes + "/"

    /// - Parameter extra: operations of other rooms: metrics, the dashboard.
    package init(extra: [AdminOperation] = [], limits: AdminLimits = AdminLimits()) {
        var all = Self.health + Self.state + [Self.usage] + Self.events(limits) + Self.changes
        all.append(Self.document(of: all))
        all += extra
        operations = all
        byPath = all.reduce(into: [:]) { $0[$1.path, default: [:]][$1.method] = $1 }
    }

    /// What is at a path.
    enum Match: Sendable {
        case operation(AdminOperation, route: String)
        /// Something is there, for other methods.
        case methods([String])
        case nothing
    }

    /// - Parameter path: percent-encoded, without the query.
    func match(_ path: String, _ method: HTTPRequest.Method) -> Match {
        let (place, route) = Self.place(of: path)
        guard let place, let found = byPath[place] else { return .nothing }
        if let operation = found[method == .head ? .get : method] { return .operation(operation, route: route) }
        let methods = found.keys.map(\.rawValue) + (found[.get] == nil ? [] : ["HEAD"])
        return .methods(methods.sorted())
    }

    private static func place(of path: String) -> (AdminOperation.Path?, route: String) {
        guard path.hasPrefix(routePrefix) else { return (.fixed(path), "") }
        var words = path.dropFirst(routePrefix.count).split(separator: "/", omittingEmptySubsequences: false)
        var last: String?
        if words.count > 1, let word = words.last, ["override", "pause", "resume", "reconnect"].contains(word) {
            last = String(words.removeLast())
        }
        let name = words.map { PercentCoding.decoded($0, plusIsSpace: false) }
        guard !name.contains(nil), name != [""] else { return (nil, "") }
        return (.route(last), name.compactMap(\.self).joined(separator: "/"))
    }
}
