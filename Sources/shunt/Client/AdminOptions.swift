import ArgumentParser
import Foundation

/// What every command that talks to a running proxy takes.
struct AdminOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The proxy's admin listener (environment: SHUNT_ADMIN; default: \(AdminAddress.standard)).",
            valueName: "url"))
    var admin: String?

    @Option(
        help: ArgumentHelp(
            """
            The token of its read or write scope. Other users can see it in the list of processes: the environment's \
            SHUNT_TOKEN is the better place.
            """,
            valueName: "token"))
    var token: String?

    @Option(
        help: ArgumentHelp(
            """
            For an admin listener with TLS: the PEM file of those who vouch for its certificate, instead of the system's \
            (environment: SHUNT_CA).
            """,
            valueName: "file"), completion: .file())
    var ca: String?

    @Option(
        help: ArgumentHelp(
            "Where the listener wants a certificate of its callers: its PEM file (environment: SHUNT_CERTIFICATE).",
            valueName: "file"), completion: .file())
    var certificate: String?

    @Option(
        help: ArgumentHelp("The PEM file of that certificate's key (environment: SHUNT_KEY).", valueName: "file"),
        completion: .file())
    var key: String?

    @Flag(help: "Print the API's answer as it is.")
    var json = false

    /// Where to ask, and as whom. Options stand above the environment; an empty variable counts as none.
    func access(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(CommandFailure) -> AdminAccess {
        func value(_ option: String?, _ name: String) -> String? {
            option ?? environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        return AdminAccess(
            address: try AdminAddress(value(admin, "SHUNT_ADMIN") ?? AdminAddress.standard),
            token: try AdminAccess.checked(token: value(token, "SHUNT_TOKEN")),
            author: AdminAccess.author(environment),
            trust: AdminTrust(
                authorities: value(ca, "SHUNT_CA") ?? "", certificate: value(certificate, "SHUNT_CERTIFICATE") ?? "",
                key: value(key, "SHUNT_KEY") ?? ""))
    }
}

/// Where to ask, and as whom.
struct AdminAccess: Sendable, Equatable {
    var address: AdminAddress
    /// Never printed.
    var token: String?
    /// `user@host`, for the audit trail.
    var author: String
    var trust = AdminTrust()

    /// A token goes into a header field, where a line break would begin another one.
    static func checked(token: String?) throws(CommandFailure) -> String? {
        guard let token, !token.isEmpty else { return nil }
        guard token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw CommandFailure(.usage, "The token has characters that no token has, such as a space or a line break.")
        }
        return token
    }

    /// At most 64 characters without controls and blanks, as the API takes them.
    static func author(_ environment: [String: String], host: String = hostName) -> String {
        let user = environment["USER"] ?? environment["LOGNAME"] ?? NSUserName()
        let name = "\(user)@\(host)".map { $0.isASCII && !$0.isWhitespace && $0.isPrintable ? $0 : "_" }
        return String(name.prefix(64))
    }

    /// As the system has it: Foundation's would ask the name service.
    private static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// The beginning of every URL of the API: `http://127.0.0.1:9090`, or `http+unix://%2Frun%2Fadmin.sock`.
struct AdminAddress: Sendable, Equatable, CustomStringConvertible {
    static let standard = "http://127.0.0.1:9090"
    private static let schemes: Set = ["http", "https", "http+unix", "https+unix"]

    let description: String

    init(_ text: String) throws(CommandFailure) {
        let trimmed = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let url = URLComponents(string: trimmed), let scheme = url.scheme?.lowercased(),
            Self.schemes.contains(scheme), let host = url.host, !host.isEmpty, url.user == nil, url.password == nil,
            url.query == nil, url.fragment == nil, url.path.isEmpty
        else {
            throw CommandFailure(
                .usage, "'\(Printable.text(text))' is no address of an admin listener: it looks like \(Self.standard).")
        }
        description = trimmed
    }
}
