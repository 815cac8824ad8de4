import HTTPTypes
import ShuntCore

/// Keeps pages of other sites from using a visitor's place in the network. No answer carries CORS fields, so such a page
/// can read nothing; these checks see to it that it can do nothing either.
enum CrossSiteCheck {
    static func check(_ request: HTTPRequest, isWrite: Bool) throws(Problem) {
        let fields = request.headerFields
        for origin in fields[values: .origin] {
            let host = ByteString(request.authority ?? "")
            guard OriginCheck.admits(ByteString(origin), policy: .sameHost, hosts: [host]) else {
                throw Problem(.crossSite, "a page of another origin may not use the admin listener")
            }
        }
        // Following a link from elsewhere only shows a page, so that is allowed.
        let isVisit = !isWrite && fields[.secFetchMode] == "navigate"
        if ["cross-site", "same-site"].contains(fields[.secFetchSite]), !isVisit {
            throw Problem(.crossSite, "a page of another site may not use the admin listener")
        }
    }

    /// A page of another site can send forms and plain text without asking; it cannot say that something is JSON, and it
    /// cannot send fields of its own.
    ///
    /// - Returns: whether there must be a body.
    static func needsBody(_ request: HTTPRequest) throws(Problem) -> Bool {
        let isProgram = request.headerFields[.shuntClient] != nil
        let type = request.headerFields[.contentType].map(mediaType)
        if type == "application/json" { return true }
        if isProgram, type == nil || request.headerFields[.contentLength] == "0" { return false }
        throw Problem(
            .unsupportedMediaType,
            "a change needs `Content-Type: application/json` and a body, which may be {}; "
                + "or no body and the field `\(AdminField.client)`, with any value")
    }

    /// Without parameters, in lower case.
    private static func mediaType(_ field: String) -> String {
        let type = field.prefix { $0 != ";" }
        return type.filter { $0 != " " && $0 != "\t" }.lowercased()
    }
}

extension HTTPField.Name {
    private static func named(_ text: String) -> HTTPField.Name { HTTPField.Name(text) ?? .server }
    static let secFetchSite = named("Sec-Fetch-Site")
    static let secFetchMode = named("Sec-Fetch-Mode")
    static let shuntClient = named(AdminField.client)
    static let shuntAuthor = named(AdminField.author)
    static let lastEventID = named("Last-Event-ID")
}
