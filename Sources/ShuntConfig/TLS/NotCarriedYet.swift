import ShuntCore

/// What can be configured, and is carried by no worker yet. The executable names what to refuse, in `ConfigFile.notCarried`:
/// whoever teaches the runtime one of them takes it off there, and when nothing is left, this file and the parameters
/// `notCarried` go.
package enum NotCarriedYet: Sendable, Hashable, CaseIterable {
    /// `listen.tls`.
    case clientTLS
    /// `wss://` upstreams.
    case upstreamTLS
    /// `listen.proxy_protocol`.
    case proxyProtocol
}

extension Set<NotCarriedYet> {
    func refuse(_ listen: ListenSettings, _ section: Section?, _ draft: TableDraft, _ diagnostics: DiagnosticList) {
        if contains(.clientTLS), listen.tls != nil, let node = section?["tls"] {
            diagnostics.error(
                node, "not supported yet",
                advice: "without it clients connect in the clear: end TLS in front of Shunt; remove the key")
        }
        if contains(.proxyProtocol), listen.proxyProtocol, let node = section?["proxy_protocol"] {
            diagnostics.error(
                node, "not supported yet",
                advice: "without it clients have the address that the connection has, or X-Forwarded-For says; remove "
                    + "the key")
        }
        guard contains(.upstreamTLS) else { return }
        for (upstream, place) in zip(draft.definition.upstreams, draft.upstreamPlaces) where upstream.address.tls {
            let node = place["upstream"] ?? place
            diagnostics.error(
                node["url"] ?? node, "TLS towards upstreams (wss://) is not supported yet",
                advice: "put a TLS client in between")
        }
    }
}
