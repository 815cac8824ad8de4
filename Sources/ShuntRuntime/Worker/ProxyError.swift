package import ShuntCore

/// Why the proxy did not start.
package enum ProxyError: Error, CustomStringConvertible {
    /// `reason` is for people: "the address is in use".
    case cannotListen(ListenAddress, reason: String)
    case alreadyStarted
    /// The process has no descriptors or threads left.
    case noWorkers(reason: String)
    /// A file of `listen.tls` cannot be used.
    case badTLS(reason: String)

    package var description: String {
        switch self {
        case .cannotListen(.tcp(let host, let port), let reason):
            "cannot listen on \(host.contains(":") ? "[\(host)]" : host):\(port): \(reason)"
        case .cannotListen(.unix(let path), let reason):
            "cannot listen on unix:\(path): \(reason)"
        case .alreadyStarted:
            "the proxy was started before"
        case .noWorkers(let reason):
            "cannot start the workers: \(reason)"
        case .badTLS(let reason):
            "cannot speak TLS with clients: \(reason)"
        }
    }
}
