package import ShuntCore

/// Where things are on the admin listener. For clients; the server's own table is `AdminAPI`.
package enum AdminPath {
    package static let base = "/api/v1"
    package static let status = base + "/status"
    package static let routes = base + "/routes"
    package static let phase = base + "/phase"
    package static let pools = base + "/pools"
    package static let sessions = base + "/sessions"
    package static let kick = sessions + "/kick"
    package static let events = base + "/events"
    package static let audit = base + "/audit"
    package static let usage = base + "/usage"
    package static let reload = base + "/reload"
    package static let drain = base + "/drain"
    package static let live = base + "/live"
    package static let document = base + "/openapi.json"
    /// The dashboard's files; the page itself is at `/`.
    package static let dashboard = "/dashboard"
    package static let alive = "/healthz"
    package static let metrics = "/metrics"
    package static let ready = "/readyz"

    /// - Parameter name: of a route, as the file has it; slashes and all else are percent-encoded.
    package static func route(_ name: String) -> String { routes + "/" + PercentCoding.encoded(name) }
    package static func override(of name: String) -> String { route(name) + "/override" }
    package static func pause(_ name: String) -> String { route(name) + "/pause" }
    package static func resume(_ name: String) -> String { route(name) + "/resume" }
    package static func reconnect(_ name: String) -> String { route(name) + "/reconnect" }
    package static func phase(to phase: Phase) -> String { self.phase + "?to=" + phase.rawValue }
}

/// Fields of requests that are the API's own.
package enum AdminField {
    /// Any value: the request comes from a program and not from another site's page, which cannot send the field.
    package static let client = "X-Shunt-Client"
    /// Who makes a change: a name for the audit trail, at most 64 characters.
    package static let author = "X-Shunt-Author"
}
