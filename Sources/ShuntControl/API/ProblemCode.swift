/// The kinds of problems that the API answers with. Their words are stable.
package enum ProblemCode: String, Sendable, Hashable, CaseIterable {
    /// The request as such cannot be read.
    case badRequest = "bad_request"
    /// A query parameter or field has a value that makes no sense.
    case badParameter = "bad_parameter"
    case badJSON = "bad_json"
    case unauthorized
    case insufficientScope = "insufficient_scope"
    /// A page of another site asks.
    case crossSite = "cross_site"
    /// `Host` names a host that is not this one: DNS rebinding.
    case hostRefused = "host_refused"
    case notFound = "not_found"
    case unknownRoute = "unknown_route"
    case methodNotAllowed = "method_not_allowed"
    case requestTimeout = "request_timeout"
    /// As things are, the change makes no sense.
    case notPossible = "not_possible"
    /// The configuration file has errors.
    case badFile = "bad_file"
    /// Another reload is under way.
    case busy
    /// Somebody else changed something since the revision of `If-Match`.
    case conflict
    case tooLarge = "too_large"
    case unsupportedMediaType = "unsupported_media_type"
    /// A member is missing, unknown, or has a value that is not allowed.
    case invalidValue = "invalid_value"
    case headersTooLarge = "headers_too_large"
    case `internal`
    case storeUnavailable = "store_unavailable"
    case stopping
    case notReady = "not_ready"
    case tooManyStreams = "too_many_streams"

    /// Of HTTP.
    package var status: Int {
        switch self {
        case .badRequest, .badParameter, .badJSON: 400
        case .unauthorized: 401
        case .insufficientScope, .crossSite, .hostRefused: 403
        case .notFound, .unknownRoute: 404
        case .methodNotAllowed: 405
        case .requestTimeout: 408
        case .notPossible, .badFile, .busy: 409
        case .conflict: 412
        case .tooLarge: 413
        case .unsupportedMediaType: 415
        case .invalidValue: 422
        case .headersTooLarge: 431
        case .internal: 500
        case .storeUnavailable, .stopping, .notReady, .tooManyStreams: 503
        }
    }

    /// The same for every problem of the kind.
    package var title: String {
        switch self {
        case .badRequest: "The request cannot be read"
        case .badParameter: "A parameter has a wrong value"
        case .badJSON: "The body is not JSON"
        case .unauthorized: "A token is needed"
        case .insufficientScope: "The token may not do that"
        case .crossSite: "The request comes from another site"
        case .hostRefused: "The request names another host"
        case .notFound: "There is nothing here"
        case .unknownRoute: "No route has that name"
        case .methodNotAllowed: "That cannot be done here"
        case .requestTimeout: "The request took too long to arrive"
        case .notPossible: "The change makes no sense as things are"
        case .badFile: "The configuration file has errors"
        case .busy: "Another reload is under way"
        case .conflict: "Somebody else changed something"
        case .tooLarge: "The body is too large"
        case .unsupportedMediaType: "The body must be JSON"
        case .invalidValue: "A value is not allowed"
        case .headersTooLarge: "The header is too large"
        case .internal: "Something went wrong here"
        case .storeUnavailable: "The store did not take it"
        case .stopping: "The proxy is stopping"
        case .notReady: "The proxy does not accept clients"
        case .tooManyStreams: "Too many event streams are open"
        }
    }

    package var type: String { "/problems/" + rawValue }
}
