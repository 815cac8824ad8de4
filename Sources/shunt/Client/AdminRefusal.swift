import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import ShuntControl

/// Turns what the API refused, or what kept it from answering, into words with a way out.
enum AdminRefusal {
    /// - Parameter status: outside 200…299.
    static func failure(status: Int, body: Data, address: AdminAddress) -> CommandFailure {
        guard let problem = try? AdminJSON.decode(ProblemAnswer.self, from: body) else {
            return CommandFailure(
                .unreachable,
                """
                Something answers at \(address) with status \(status), but it is not Shunt's admin listener. \
                \(whereToLook)
                """)
        }
        return CommandFailure(
            kind(status, problem.code), text(problem), answer: String(decoding: body, as: UTF8.self))
    }

    private static func kind(_ status: Int, _ code: String) -> CommandFailure.Kind {
        status == 401 || code == ProblemCode.insufficientScope.rawValue ? .forbidden : .refused
    }

    private static func text(_ problem: ProblemAnswer) -> String {
        var lines = [problem.detail.isEmpty ? problem.title : problem.detail]
        lines += problem.errors ?? []
        if let meant = problem.meant, !problem.detail.contains(meant) { lines.append("Did you mean '\(meant)'?") }
        if let allowed = problem.allowed, !allowed.isEmpty {
            lines.append("Allowed: \(allowed.joined(separator: ", ")).")
        }
        if let advice = ProblemCode(rawValue: problem.code).flatMap(advice) { lines.append(advice) }
        return lines.map(Printable.text).joined(separator: "\n")
    }

    /// What to do at this command line; the detail says it in the API's words where more is known.
    private static func advice(_ code: ProblemCode) -> String? {
        switch code {
        case .unauthorized: "Give the token with SHUNT_TOKEN or --token."
        case .insufficientScope: "Give the token of the write scope with SHUNT_TOKEN or --token."
        case .unknownRoute: "'shunt routes' lists the routes that exist."
        case .conflict: "Look at what is in force now ('shunt routes', 'shunt audit') and try again."
        case .busy: "Try again in a moment."
        case .badFile: "Nothing was changed. 'shunt check' shows where the file is wrong."
        default: nil
        }
    }

    static func unreachable(_ address: AdminAddress, because error: any Error) -> String {
        if let reason = untrusted(error) { return "The proxy at \(address) is not talked to: \(reason)" }
        return "No proxy answers at \(address): \(reason(error)). \(whereToLook)"
    }

    /// What TLS has against the listener, or it against us, with what to do; nil for everything else.
    private static func untrusted(_ error: any Error) -> String? {
        if let extra = error as? NIOSSLExtraError, extra == .failedToValidateHostname {
            return "its certificate is for another name. Ask it by a name that the certificate has."
        }
        guard error is NIOSSLError || error is BoringSSLError else { return nil }
        let text = "\(error)".uppercased()
        if text.contains("VERIFY_FAILED") {
            return """
                nobody who is trusted vouches for its certificate, or it has expired. --ca or SHUNT_CA names the PEM file of \
                those who vouch for it; for a self-signed one that is its own.
                """
        }
        if text.contains("CERTIFICATE_REQUIRED") || text.contains("HANDSHAKE_FAILURE") {
            return "it wants a certificate of its callers. Give one with --certificate and --key."
        }
        if ["UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_EXPIRED", "CERTIFICATE_UNKNOWN"].contains(
            where: text.contains)
        {
            return
                "it does not accept the certificate of --certificate: listen.admin_tls.client_ca does not vouch for it."
        }
        if text.contains("WRONG_VERSION_NUMBER") {
            return "it does not speak TLS. Ask it with http:// in place of https://."
        }
        return "TLS failed: \(Printable.text("\(error)"))."
    }

    private static let whereToLook =
        "Is it running, and is this its listen.admin? --admin or SHUNT_ADMIN names another address."

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError where error == .connectTimeout || error == .readTimeout: "it took too long"
        case let error as HTTPClientError where error == .deadlineExceeded: "it took too long"
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            "it closed the connection; with listen.admin_tls it wants https:// in place of http://"
        case let error as NIOConnectionError:
            error.connectionErrors.isEmpty ? "the name is not known" : "nobody listens there"
        case let error as IOError where [ECONNREFUSED, ENOENT].contains(error.errnoCode): "nobody listens there"
        default: Printable.text("\(error)")
        }
    }
}
