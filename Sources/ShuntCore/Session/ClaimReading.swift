/// Why an object of claims is of no use.
package enum ClaimProblem: Error, Equatable {
    /// The claim that names the session is not there, or none of them.
    case noSession
    /// A claim is neither a text nor a number nor a boolean, or holds characters that no header could carry, or is longer
    /// than it may be.
    case badClaim(String)
}

extension Claims {
    /// Reads what the configuration names.
    ///
    /// - Parameter object: of a token's payload, or a session service's answer.
    package init(of object: JSONDocument, naming names: ClaimNames) throws(ClaimProblem) {
        self.init()
        for path in names.session where session == nil { session = try Self.value(object, path) }
        if session == nil, !names.session.isEmpty { throw .noSession }
        user = try names.user.map { path throws(ClaimProblem) in try Self.value(object, path) } ?? nil
        tenant = try names.tenant.map { path throws(ClaimProblem) in try Self.value(object, path) } ?? nil
        clientApp = try names.clientApp.map { path throws(ClaimProblem) in try Self.value(object, path) } ?? nil
        for (name, path) in names.others { others[name] = try Self.value(object, path, takesLists: true) }
        issuer = object["iss"]?.text
        expires = UnixTime(numericDate: object["exp"])
        issued = UnixTime(numericDate: object["iat"])
    }

    private static let longest = 1024
    private static let mostOfList = 100

    /// nil where the claim is absent or null.
    private static func value(
        _ object: JSONDocument, _ path: ClaimPath, takesLists: Bool = false
    ) throws(ClaimProblem) -> ClaimValue? {
        let value: ClaimValue
        switch object.member(at: path) {
        case nil, .null: return nil
        case .text(let text): value = ClaimValue(.text, text)
        case .number(let text): value = ClaimValue(.number, text)
        case .boolean(let isTrue): value = ClaimValue(.boolean, isTrue ? "true" : "false")
        case .list(let list) where takesLists && list.count <= mostOfList:
            let texts = list.compactMap(\.text)
            guard texts.count == list.count else { throw .badClaim(path.text) }
            value = ClaimValue(.list, texts.joined(separator: ","))
        case .list, .object: throw .badClaim(path.text)
        }
        guard value.text.count <= longest, !FieldText.hasControls(value.text) else { throw .badClaim(path.text) }
        // An empty text names nobody.
        return value.kind == .text && value.text.isEmpty ? nil : value
    }
}

extension UnixTime {
    /// The moment that a NumericDate stands for (RFC 7519 §2), with its fraction; nil where it is no number. What no
    /// calendar has is the end of time, or its beginning.
    package init?(numericDate value: JSONDocument?) {
        guard case .number(let text)? = value, let seconds = text.text.flatMap(Double.init), !seconds.isNaN else {
            return nil
        }
        self.init(milliseconds: Int64(min(max(seconds, -62_000_000_000), 253_402_300_799) * 1000))
    }
}
