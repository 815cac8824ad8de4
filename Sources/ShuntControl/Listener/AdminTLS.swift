import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
package import ShuntCore
import Synchronization

/// TLS of the admin listener: what new connections are secured with. Connections that are there keep what they began with.
package final class AdminTLS: Sendable {
    private let context = Mutex<NIOSSLContext?>(nil)

    package init() {}

    var current: NIOSSLContext? { context.withLock { $0 } }

    /// Loads the files anew. Where that fails, new connections go on with what was loaded before.
    package func load(_ settings: TLSServerSettings) throws(ControlStartError) {
        do {
            let loaded = try NIOSSLContext(configuration: Self.configuration(settings))
            context.withLock { $0 = loaded }
        } catch {
            throw .badTLS("\(error)")
        }
    }

    private static func configuration(_ settings: TLSServerSettings) throws -> TLSConfiguration {
        guard let files = settings.certificates.first else { throw NIOSSLError.failedToLoadCertificate }
        let chain = try NIOSSLCertificate.fromPEMFile(files.chain)
        let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = settings.least == .tls13 ? .tlsv13 : .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        if let authorities = settings.clientAuthorities {
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorities))
            // Whoever is listed vouches for a client; whom the certificate names does not matter.
            configuration.certificateVerification = .noHostnameVerification
        }
        return configuration
    }
}

/// A connection that is secured before it is one of HTTP.
struct SecuredChannel: ServerChildChannel, HTTPChannelHandler {
    typealias Value = HTTP1Channel.Value

    let plain: HTTP1Channel
    let tls: AdminTLS

    var responder: HTTPChannelHandler.Responder { plain.responder }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            // It was loaded before the listener was opened.
            guard let context = tls.current else { throw ChannelError.inputClosed }
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        }.flatMap {
            plain.setup(channel: channel, logger: logger)
        }
    }

    func handle(value: Value, logger: Logger) async { await plain.handle(value: value, logger: logger) }
}
