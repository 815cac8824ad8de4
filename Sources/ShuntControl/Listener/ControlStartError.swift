import Hummingbird
package import ShuntCore

/// Why the admin listener did not start, with what to do.
package enum ControlStartError: Error, Sendable, Hashable, CustomStringConvertible {
    case openToOthers(ListenAddress)
    case cannotListen(ListenAddress, String)

    package var description: String {
        switch self {
        case .openToOthers(let address):
            "listen.admin is \(address.text), which others can reach: set admin.tokens.read and admin.tokens.write, "
                + "or listen on a loopback address such as 127.0.0.1"
        case .cannotListen(let address, let reason):
            "the admin listener cannot listen on \(address.text): \(reason); is another shunt running? "
                + "listen.admin sets the address"
        }
    }
}

extension ListenAddress {
    /// As in the configuration.
    var text: String {
        switch self {
        case .tcp(let host, let port): (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
        case .unix(let path): "unix:" + path
        }
    }

    var toBind: BindAddress {
        switch self {
        case .tcp(let host, let port): .hostname(host, port: port)
        case .unix(let path): .unixDomainSocket(path: path)
        }
    }
}
