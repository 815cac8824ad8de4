import ArgumentParser
import Foundation
import NIOSSL

/// Whom a command believes to be the proxy, and what it shows to it: the options of an admin listener with TLS.
struct AdminTrust: Sendable, Equatable {
    /// PEM files, empty where none is named.
    var authorities = ""
    var certificate = ""
    var key = ""

    /// nil where nothing is named: the system's authorities count, and no certificate is shown.
    func configuration() throws(CommandFailure) -> TLSConfiguration? {
        guard self != AdminTrust() else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if !authorities.isEmpty { configuration.trustRoots = .certificates(try Self.certificates(authorities, "--ca")) }
        guard certificate.isEmpty == key.isEmpty else {
            throw CommandFailure(.usage, "--certificate and --key belong together: give both.")
        }
        if !certificate.isEmpty {
            configuration.certificateChain = try Self.certificates(certificate, "--certificate").map {
                .certificate($0)
            }
            do {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            } catch {
                throw Self.unreadable(key, "--key", "private key")
            }
            guard (try? NIOSSLContext(configuration: configuration)) != nil else {
                throw CommandFailure(
                    .usage, "--key: '\(Printable.text(key))' is not the key of the certificate of --certificate.")
            }
        }
        return configuration
    }

    private static func certificates(
        _ file: String, _ option: String
    ) throws(CommandFailure) -> [NIOSSLCertificate] {
        let found = (try? NIOSSLCertificate.fromPEMFile(file)) ?? []
        guard !found.isEmpty else { throw unreadable(file, option, "certificate") }
        return found
    }

    private static func unreadable(_ file: String, _ option: String, _ what: String) -> CommandFailure {
        let isThere = FileManager.default.isReadableFile(atPath: file)
        return CommandFailure(
            .usage,
            isThere
                ? "\(option): there is no \(what) in '\(Printable.text(file))'; it must be a PEM file."
                : "\(option): the file '\(Printable.text(file))' cannot be read.")
    }
}
