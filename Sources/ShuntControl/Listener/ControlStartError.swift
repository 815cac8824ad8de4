import Foundation
import Hummingbird
package import ShuntCore

/// Why the admin listener did not start, with what to do.
package enum ControlStartError: Error, Sendable, Hashable, CustomStringConvertible {
    case openToOthers(ListenAddress)
    case cannotListen(ListenAddress, String)
    case badTLS(String)

    package var description: String {
        switch self {
        case .openToOthers(let address):
            "listen.admin is \(address.text), which others can reach: set admin.tokens.read and admin.tokens.write, "
                + "or listen on a loopback address such as 127.0.0.1"
        case .cannotListen(let address, let reason):
            "the admin listener cannot listen on \(address.text): \(reason); is another shunt running? "
                + "listen.admin sets the address"
        case .badTLS(let reason):
            "the files of listen.admin_tls cannot be used: \(reason); shunt check looks at them"
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
        case .unix(let path): .unixDomainSocket(path: Self.beside(path))
        }
    }

    /// Where a Unix socket is made, before it is moved to its own path. When a listener closes, its library removes
    /// whatever file is at the path that it was given: there is none, and the file of a successor, which took the path
    /// over, stays.
    private static func beside(_ path: String) -> String { path + ".new" }

    /// Moves a Unix socket that is listened on to its path, in the place of what is there.
    func putInPlace() throws(ControlStartError) {
        guard case .unix(let path) = self else { return }
        guard rename(Self.beside(path), path) == 0 else { throw .cannotListen(self, String(cString: strerror(errno))) }
    }
}
