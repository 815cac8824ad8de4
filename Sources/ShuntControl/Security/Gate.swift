import HTTPTypes
import ShuntCore

/// Who may do what. Host and origin are looked at first: they say whether the request was meant for this listener at all.
struct Gate: Sendable {
    private let tokens: TokenCheck
    /// The host that is listened on; nil for a Unix socket.
    private let host: String?

    init(_ settings: AdminSettings) {
        tokens = TokenCheck(read: settings.readToken, write: settings.writeToken)
        if case .tcp(let host, _) = settings.address { self.host = host.lowercased() } else { host = nil }
    }

    /// - Returns: who asks; or throws why that is not allowed.
    func admit(_ request: HTTPRequest, _ access: Access) throws(Problem) -> Caller {
        guard access != .open else { return Caller(author: "") }
        // With tokens another site's page has nothing to send; without, the name that it used is all that tells it apart.
        if !tokens.areSet { try checkHost(request.authority) }
        try CrossSiteCheck.check(request, isWrite: access == .write)
        let scope = try tokens.check(request.headerFields[.authorization], isWrite: access == .write)
        let name = request.headerFields[.shuntAuthor] ?? ""
        let author = PlainText.cleaned(name, longest: 64)
        return Caller(author: author.isEmpty ? scope : author, mayChange: scope != TokenCheck.readScope)
    }

    /// A page whose own name was made to lead here (DNS rebinding) sends that name. Addresses cannot be led elsewhere, and
    /// `localhost` is resolved by no server.
    private func checkHost(_ authority: String?) throws(Problem) {
        // No page reaches a Unix socket.
        guard let host else { return }
        guard let authority, let name = Self.host(of: authority) else {
            throw Problem(.hostRefused, "the request does not say which host it is meant for")
        }
        if name == "localhost" || name == host || AddressRange(cidr: name + "/0") != nil { return }
        throw Problem(
            .hostRefused,
            "without admin.tokens the listener is asked by its address or as localhost only, not by another name")
    }

    /// In lower case, without port and brackets.
    private static func host(of authority: String) -> String? {
        let text = authority.lowercased()
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            return String(text[text.index(after: text.startIndex)..<end])
        }
        let name = text.prefix { $0 != ":" }
        return name.isEmpty ? nil : String(name)
    }
}
