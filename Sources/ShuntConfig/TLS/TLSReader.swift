import ShuntCore

/// Reads how TLS is spoken: towards clients, towards upstreams, on the admin listener.
struct TLSReader {
    let diagnostics: DiagnosticList
    let lookup: TLSLookup

    /// `{certificate, key, …}`, `{certificates: [{certificate, key}, …], …}`, or a list of certificates; nil for what
    /// cannot be used, which is told.
    func readListener(_ node: DocumentNode) -> TLSServerSettings? {
        if case .list(let nodes) = node.content {
            let certificates = readCertificates(nodes, at: node)
            return certificates.map { TLSServerSettings(certificates: $0) }
        }
        guard let section = Section(node, diagnostics) else { return nil }
        var certificates = readPair(section).map { [$0] }
        if let list = section["certificates"] {
            if section["certificate"] != nil || section["key"] != nil {
                diagnostics.error(
                    list, "certificates stands beside certificate and key", advice: "put that one into the list, too")
            }
            certificates = readCertificates(list.elements, at: list)
        } else if section["certificate"] == nil, section["key"] == nil {
            tellMissing(section)
        }
        return readServer(section, certificates)
    }

    /// The same for the admin listener, which has one certificate.
    func readAdmin(_ node: DocumentNode) -> TLSServerSettings? {
        guard let section = Section(node, diagnostics) else { return nil }
        let pair = readPair(section)
        if section["certificate"] == nil, section["key"] == nil { tellMissing(section) }
        return readServer(section, pair.map { [$0] }, hasCiphers: false)
    }

    /// - Parameter looks: whether the files are looked into: some upstream uses them.
    func readUpstream(_ section: Section, into settings: inout UpstreamSettings, looks: Bool) {
        var isSystem = true
        if let node = section["ca"], let scalar = node.scalar, scalar.text != "system" || scalar.isBroken {
            settings.tls.authorities = readFile(node, "system, or the path of a PEM file")
            isSystem = false
        } else if let node = section["ca"], node.scalar == nil {
            diagnostics.error(node, "found \(node.found)", allowed: "system, or the path of a PEM file")
        }
        section.set(&settings.tls.verifies, "verify", .boolean)
        settings.tls.certificate = readPair(section, looks: looks)
        section.set(&settings.tls.least, "min_version", .tlsVersion)
        settings.tls.ciphers = readCiphers(section, looks: looks)
        if let node = section["server_name"], let name = diagnostics.read(node, .serverName) {
            settings.serverName = name
            lookup.keep(name, of: node)
        }
        section.finish()
        if looks, !isSystem, let node = section["ca"], let authorities = settings.tls.authorities {
            lookup.look(authorities: authorities, at: node, diagnostics)
        }
        if looks, !settings.tls.verifies, let node = section["verify"] {
            diagnostics.warning(
                node, "with verify: false whoever answers is taken for the backend, and is given the clients' tokens",
                advice: "say with ca who vouches for its certificate, and with server_name whom it is for")
        }
    }

    // MARK: Parts

    /// What belongs to a whole listener, beside its certificates.
    private static let ofListeners = ["min_version", "ciphers", "client_ca"]

    private func readServer(
        _ section: Section, _ certificates: [TLSCertificateFiles]?, hasCiphers: Bool = true
    ) -> TLSServerSettings? {
        var settings = TLSServerSettings(certificates: certificates ?? [])
        section.set(&settings.least, "min_version", .tlsVersion)
        if hasCiphers { settings.ciphers = readCiphers(section, looks: true) }
        if let node = section["client_ca"], let file = readFile(node) {
            settings.clientAuthorities = file
            lookup.look(authorities: file, at: node, diagnostics)
        }
        section.finish()
        return certificates == nil ? nil : settings
    }

    private func tellMissing(_ section: Section) {
        diagnostics.error(
            section.node, "there is no certificate", allowed: "{certificate: cert.pem, key: key.pem}")
    }

    /// nil where one of them cannot be used, which is told.
    private func readCertificates(_ nodes: [DocumentNode], at list: DocumentNode) -> [TLSCertificateFiles]? {
        guard (1...100).contains(nodes.count) else {
            diagnostics.error(list, "found a list of \(nodes.count)", allowed: "from 1 to 100 certificates")
            return nil
        }
        let certificates = nodes.map { node -> TLSCertificateFiles? in
            guard let section = Section(node, diagnostics) else { return nil }
            let pair = readPair(section)
            if section["certificate"] == nil, section["key"] == nil { tellMissing(section) }
            for key in Self.ofListeners {
                guard let node = section[key] else { continue }
                diagnostics.error(
                    node, "\(key) belongs to the whole listener, not to one certificate",
                    advice: "write tls: {certificates: [{certificate: …, key: …}], \(key): …}")
            }
            section.finish()
            return pair
        }
        return certificates.contains { $0 == nil } ? nil : certificates.compactMap { $0 }
    }

    /// `certificate` and `key`; nil where they are not both there.
    private func readPair(_ section: Section, looks: Bool = true) -> TLSCertificateFiles? {
        let (certificate, key) = (section["certificate"], section["key"])
        let (chainFile, keyFile) = (certificate.flatMap { readFile($0) }, key.flatMap { readFile($0) })
        switch (certificate, key) {
        case (let certificate?, nil):
            diagnostics.error(
                certificate, "the certificate has no key",
                advice: "add key: the PEM file of its private key, which may be the same file")
        case (nil, let key?):
            diagnostics.error(key, "the key has no certificate", advice: "add certificate: the PEM file that it is for")
        case (let certificate?, let key?):
            guard let chainFile, let keyFile else { return nil }
            let files = TLSCertificateFiles(chain: chainFile, key: keyFile)
            if looks { lookup.look(files, at: certificate, key, diagnostics) }
            return files
        case (nil, nil): break
        }
        return nil
    }

    private func readFile(_ node: DocumentNode, _ allowed: String = "the path of a PEM file") -> String? {
        // It would be shown, and may be a key.
        if let scalar = node.scalar, !scalar.isBroken, scalar.text.contains("-----BEGIN") {
            diagnostics.error(
                node, "the PEM text itself stands here", allowed: allowed, advice: "write it to a file and name that")
            return nil
        }
        let kind = ValueKind<String>(allowed: allowed) { scalar in
            scalar.text.isEmpty || scalar.text.utf8.contains(0) || scalar.text.utf8.count > 4095
                ? .wrong() : .value(lookup.path(scalar))
        }
        return diagnostics.read(node, kind)
    }

    /// OpenSSL's names, as a list or joined by colons.
    private func readCiphers(_ section: Section, looks: Bool) -> String? {
        var names: [String] = []
        section.setList(&names, "ciphers", .ciphers, count: 1...100)
        guard let node = section["ciphers"], !names.isEmpty else { return nil }
        let ciphers = names.joined(separator: ":")
        if looks { lookup.look(ciphers: ciphers, at: node, diagnostics) }
        return ciphers
    }
}

extension ValueKind where Value == TLSVersion {
    fileprivate static var tlsVersion: ValueKind {
        ValueKind(allowed: "\"1.2\" or \"1.3\"") { scalar in
            switch scalar.text {
            case "1.2": return .value(.tls12)
            case "1.3": return .value(.tls13)
            default:
                let digits = scalar.text.lowercased().trimmingPrefix("tls").drop { "v_ ".contains($0) }
                if ["1.2", "12", "1_2"].contains(digits) { return .wrong(meant: "1.2") }
                if ["1.3", "13", "1_3"].contains(digits) { return .wrong(meant: "1.3") }
                if ["1", "1.0", "10", "1_0", "1.1", "11", "1_1"].contains(digits) || digits.hasPrefix("ssl") {
                    return .wrong(advice: "what is older than TLS 1.2 is no longer safe (RFC 8996)")
                }
                return .wrong()
            }
        }
    }
}

extension ValueKind where Value == String {
    fileprivate static var ciphers: ValueKind {
        ValueKind(allowed: "OpenSSL's names of ciphers, such as ECDHE-RSA-AES128-GCM-SHA256") { scalar in
            let isName = scalar.text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") }
            return isName && !scalar.text.isEmpty ? .value(scalar.text) : .wrong()
        }
    }

    fileprivate static var serverName: ValueKind {
        ValueKind(allowed: "a host name such as agents.example.com, or an IP address") { scalar in
            if IPAddress.bytes(scalar.text) != nil { return .value(scalar.text) }
            guard let place = HostPort(scalar.text) else { return .wrong() }
            return place.port == nil && !scalar.text.hasPrefix("[") ? .value(place.host) : .wrong(meant: place.host)
        }
    }
}
