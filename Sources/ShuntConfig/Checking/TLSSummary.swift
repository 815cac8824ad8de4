import ShuntCore

extension ConfigSummary {
    /// How TLS is spoken where Shunt listens.
    package struct TLS: Sendable, Codable, Equatable {
        package struct Certificate: Sendable, Codable, Equatable {
            package var file: String
            /// DNS names and addresses; empty where the file was not looked into.
            package var names: [String]
            /// RFC 3339, in UTC; nil where the file was not looked into.
            package var until: String?
        }

        package var certificates: [Certificate]
        /// `1.2` or `1.3`.
        package var minVersion: String
        /// Who vouches for clients; nil where they need no certificate.
        package var clientCA: String?
    }

    /// How TLS is spoken towards backends that are asked alike.
    package struct UpstreamTLS: Sendable, Codable, Equatable {
        /// `unified`, or names of routes.
        package var upstreams: [String]
        package var how: String
    }

    /// - Parameter shown: paths as they may be printed, where that is not as they are.
    static func tls(_ settings: TLSServerSettings?, _ proxy: ProxySettings, _ shown: [String: String]) -> TLS? {
        guard let settings else { return nil }
        let certificates = settings.certificates.map { files in
            let facts = proxy.certificates.first { $0.file == files.chain }
            return TLS.Certificate(
                file: shown[files.chain] ?? files.chain, names: facts?.names ?? [],
                until: facts.map { UnixTime(seconds: $0.notAfter).shortText })
        }
        return TLS(
            certificates: certificates, minVersion: settings.least.text,
            clientCA: settings.clientAuthorities.map { shown[$0] ?? $0 })
    }

    static func upstreamTLS(_ definition: TableDefinition, _ shown: [String: String]) -> [UpstreamTLS] {
        var list: [UpstreamTLS] = []
        for upstream in definition.upstreams where upstream.address.tls {
            let how = Self.how(upstream, shown)
            if let place = list.firstIndex(where: { $0.how == how }) {
                if !list[place].upstreams.contains(upstream.name) { list[place].upstreams.append(upstream.name) }
            } else {
                list.append(UpstreamTLS(upstreams: [upstream.name], how: how))
            }
        }
        return list
    }

    private static func how(_ upstream: UpstreamSettings, _ shown: [String: String]) -> String {
        let settings = upstream.tls
        var parts = ["TLS \(settings.least.text) or newer"]
        if settings.verifies {
            let issuer = settings.authorities.map { shown[$0] ?? $0 } ?? "the system's authorities"
            parts.append("checked by \(issuer)")
        } else {
            parts.append("certificates not looked at")
        }
        if let name = upstream.serverName { parts.append("as \(shown[name] ?? name)") }
        if let own = settings.certificate { parts.append("with \(shown[own.chain] ?? own.chain)") }
        return parts.joined(separator: ", ")
    }
}

extension ConfigSummary.TLS {
    /// Sentences for people.
    ///
    /// - Parameter whom: those who connect.
    func lines(_ whom: String) -> [String] {
        let needed = clientCA.map { ", for those with a certificate that \($0) vouches for" } ?? ""
        return ["\(whom): TLS \(minVersion) or newer\(needed)"]
            + certificates.enumerated().map { place, certificate in
                let names = certificate.names.isEmpty ? "" : " for \(certificate.names.joined(separator: ", "))"
                let until = certificate.until.map { ", until \($0)" } ?? ""
                let rest = place == 0 && certificates.count > 1 ? ", and for whoever names none of them" : ""
                return "  \(certificate.file)\(names)\(until)\(rest)"
            }
    }
}

extension TLSVersion {
    /// As in the file.
    var text: String { self == .tls12 ? "1.2" : "1.3" }
}
