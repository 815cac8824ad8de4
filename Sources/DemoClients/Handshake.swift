import NIOHTTP1

/// The request by which a client of the demo opens a socket.
struct Handshake: Sendable {
    let target: String
    let headers: HTTPHeaders

    /// - Parameters:
    ///   - visit: from 1; each is a session of its own.
    ///   - path: of the endpoint, as configured.
    ///   - origin: what the pages of web applications are served from; nil says nothing.
    init(of role: Role, visit: Int, path: String, authority: String, origin: String?) {
        var headers = HTTPHeaders([("Host", authority)])
        var query: [(String, String)] = []
        switch role.app {
        case .web(let name, let version):
            query = [("client", name), ("client_version", version)]
            if let token = role.token(visit: visit) { query.insert(("session_token", token), at: 0) }
            headers.add(name: "User-Agent", value: "Mozilla/5.0 (X11; Linux x86_64) demo")
            if let origin { headers.add(name: "Origin", value: origin) }
        case .mobile(let name, let version):
            headers.add(name: "X-Client-Name", value: name)
            headers.add(name: "X-Client-Version", value: version)
            headers.add(name: "User-Agent", value: "\(name)/\(version)")
            if let token = role.token(visit: visit) { query = [("session_token", token)] }
        case .bot(let userAgent):
            headers.add(name: "User-Agent", value: userAgent)
        }
        let fields = query.map { "\($0)=\($1)" }.joined(separator: "&")
        target = fields.isEmpty ? path : "\(path)?\(fields)"
        self.headers = headers
    }
}
