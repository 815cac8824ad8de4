import ShuntCore

/// What is different about routes and upstreams.
struct RouteDiff {
    let old: TableDefinition
    let new: TableDefinition

    private let routeFields = RouteSettings.fields
    private let endpointFields = EndpointSettings.fields
    private let upstreamFields = UpstreamSettings.fields

    init(old: TableDefinition, new: TableDefinition) {
        self.old = old
        self.new = new
    }

    func sentences() -> [String] {
        let before = Dictionary(old.routes.map { ($0.name, $0) }) { first, _ in first }
        let names = Set(new.routes.map(\.name))
        let added = new.routes.map(\.name).filter { before[$0] == nil }
        let removed = old.routes.map(\.name).filter { !names.contains($0) }
        var sentences: [String] = []
        if !added.isEmpty { sentences.append("\(RouteNames.text(added)): added") }
        if !removed.isEmpty {
            sentences.append(
                "\(RouteNames.text(removed)): removed; exchanges may finish, sockets of their legacy endpoints close")
        }
        var routes = Grouping()
        for route in new.routes {
            guard let earlier = before[route.name] else { continue }
            for what in changes(earlier, route) { routes.add(route.name, what) }
        }
        return sentences + routes.sentences + unlisted() + unified()
    }

    private func changes(_ old: RouteSettings, _ new: RouteSettings) -> [String] {
        var changes: [String] = []
        if old.match != new.match { changes.append("match changed") }
        if old.servedBy != new.servedBy {
            let decision = new.decision(in: self.new.phase)
            let standing = decision.origin == .file ? "" : "; not in force because of \(decision.origin.rawValue)"
            changes.append("served_by \(new.servedBy.text) (was \(old.servedBy.text))\(standing)")
        }
        if old.hold != new.hold {
            changes.append("hold \(new.hold?.text ?? "ended") (was \(old.hold?.text ?? "none"))")
        }
        let fields = routeFields.names(old, new)
        if !fields.isEmpty { changes.append("\(fields.list) changed") }
        changes += endpoint(old.endpoint, new.endpoint)
        changes += upstream(
            old.legacy.flatMap { self.old.upstream(at: $0) }, new.legacy.flatMap { self.new.upstream(at: $0) },
            "legacy upstream")
        return changes
    }

    private func endpoint(_ old: EndpointSettings?, _ new: EndpointSettings?) -> [String] {
        switch (old, new) {
        case (nil, nil): return []
        case (nil, let new?): return ["old clients connect to \(new.path)"]
        case (let old?, nil): return ["old clients no longer connect to \(old.path)"]
        case (let old?, let new?):
            let fields = endpointFields.names(old, new)
            return (old.path == new.path ? [] : ["old clients connect to \(new.path) (was \(old.path))"])
                + (fields.isEmpty ? [] : ["\(fields.list) changed"])
        }
    }

    private func upstream(_ old: UpstreamSettings?, _ new: UpstreamSettings?, _ side: String) -> [String] {
        guard old != new else { return [] }
        guard let old else { return ["has a \(side) now: \(new.map { Self.url($0.address) } ?? "")"] }
        guard let new else { return ["has no \(side) any more"] }
        var changes: [String] = []
        let replaced = "; connections are replaced as they become idle"
        if old.address != new.address {
            let (from, to) = (Self.url(old.address), Self.url(new.address))
            changes.append("\(side): url \(from == to ? "has another query" : "\(to) (was \(from))")" + replaced)
        }
        if old.credential != new.credential { changes.append("\(side): credential changed" + replaced) }
        let names = [
            old.host == new.host ? nil : "host", old.origin == new.origin ? nil : "origin",
        ].compactMap { $0 }
        if !names.isEmpty { changes.append("\(side): \(names.joined(separator: " and ")) changed" + replaced) }
        if old.mode != new.mode {
            changes.append("\(side): pool.mode \(new.mode == .client ? "client" : "session") for new sockets")
        }
        let secured =
            TLSClientSettings.fields.names(old.tls, new.tls).map { "tls.\($0)" }
            + (old.serverName == new.serverName ? [] : ["tls.server_name"])
        if new.address.tls, !secured.isEmpty {
            changes.append("\(side): \(secured.list) changed for new connections")
        }
        let fields = upstreamFields.names(old, new)
        if !fields.isEmpty { changes.append("\(side): \(fields.list) changed") }
        return changes
    }

    private func unified() -> [String] {
        let changes = upstream(
            old.unified.flatMap { old.upstream(at: $0) }, new.unified.flatMap { new.upstream(at: $0) },
            "unified upstream")
        return changes.map { $0.hasPrefix("has ") ? "the proxy \($0)" : $0 }
    }

    /// Endpoints for values that templates do not list.
    private func unlisted() -> [String] {
        let before = Dictionary(old.unlisted.map { ($0.name, $0) }) { first, _ in first }
        let after = Dictionary(new.unlisted.map { ($0.name, $0) }) { first, _ in first }
        var sentences: [String] = []
        for endpoint in new.unlisted {
            let what = "values that \(endpoint.name) does not list"
            guard let earlier = before[endpoint.name] else {
                sentences.append("\(what): forwarded now")
                continue
            }
            var fields = UnlistedEndpointSettings.fields.names(earlier, endpoint)
            if old.upstream(at: earlier.upstream) != new.upstream(at: endpoint.upstream) { fields.append("upstream") }
            if !fields.isEmpty { sentences.append("\(what): \(fields.list) changed") }
        }
        for endpoint in old.unlisted where after[endpoint.name] == nil {
            sentences.append("values that \(endpoint.name) does not list: no longer forwarded")
        }
        return sentences
    }

    /// Without the query, which may hold a secret.
    private static func url(_ address: UpstreamAddress) -> String {
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        return "\(address.tls ? "wss" : "ws")://\(host):\(address.port)\(address.path)"
    }
}

/// What is true of several routes is said once.
private struct Grouping {
    private var names: [[String]] = []
    private var texts: [String] = []
    private var places: [String: Int] = [:]

    mutating func add(_ name: String, _ text: String) {
        if let place = places[text] {
            names[place].append(name)
        } else {
            places[text] = texts.count
            texts.append(text)
            names.append([name])
        }
    }

    var sentences: [String] { zip(names, texts).map { "\(RouteNames.text($0)): \($1)" } }
}

extension TableDefinition {
    fileprivate func upstream(at index: Int) -> UpstreamSettings? {
        upstreams.indices.contains(index) ? upstreams[index] : nil
    }
}
