import ShuntCore

/// What is different about TLS. A listener's certificates and what goes with them are replaced while it listens; whether it
/// speaks TLS at all is settled when it is opened.
enum TLSDiff {
    static func live(_ old: ProxySettings, _ new: ProxySettings) -> [String] {
        changes("listen.tls", old.listen.tls, new.listen.tls)
            + changes("listen.admin_tls", old.admin.tls, new.admin.tls) + files(old, new)
    }

    static func restart(_ old: ProxySettings, _ new: ProxySettings) -> [String] {
        var restart: [String] = []
        for (key, was, now) in [
            ("tls", old.listen.tls != nil, new.listen.tls != nil),
            ("admin_tls", old.admin.tls != nil, new.admin.tls != nil),
            ("proxy_protocol", old.listen.proxyProtocol, new.listen.proxyProtocol),
        ] where was != now {
            restart.append("listen: \(key) turned \(now ? "on" : "off")")
        }
        return restart
    }

    private static func changes(_ subject: String, _ old: TLSServerSettings?, _ new: TLSServerSettings?) -> [String] {
        guard let old, let new else { return [] }
        return TLSServerSettings.fields.sentence(subject, old, new).map { $0 + " for new connections" }
    }

    /// Files that are named as before, and have another content.
    private static func files(_ old: ProxySettings, _ new: ProxySettings) -> [String] {
        var changes: [String] = []
        for (file, digest) in new.tlsFiles.sorted(by: { $0.key < $1.key }) {
            guard let before = old.tlsFiles[file], before != digest else { continue }
            let facts = new.certificates.first { $0.file == file }
            let until = facts.map { ": a certificate until \(UnixTime(seconds: $0.notAfter).shortText)" } ?? ""
            changes.append("\(Excerpt.of(file, longest: 200)) has another content\(until)")
        }
        return changes
    }
}

extension TLSServerSettings {
    static var fields: [Field<Self>] {
        [
            Field("certificates", \.certificates), Field("min_version", \.least), Field("ciphers", \.ciphers),
            Field("client_ca", \.clientAuthorities),
        ]
    }
}

extension TLSClientSettings {
    static var fields: [Field<Self>] {
        [
            Field("ca", \.authorities), Field("verify", \.verifies), Field("certificate", \.certificate),
            Field("min_version", \.least), Field("ciphers", \.ciphers),
        ]
    }
}
