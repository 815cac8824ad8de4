package import ShuntCore

/// A request that was let in and read: all that an operation needs.
package struct Call: Sendable {
    package var control: any ProxyControl
    /// The route that the path names; empty where it names none.
    package var route = ""
    package var parameters: [String: ParameterValue] = [:]
    /// As it came, without its question mark. Operations that are open to all know few words of it, and mind no others.
    package var query = ""
    /// Of the body, as text.
    package var members: [String: String] = [:]
    package var caller: Caller
    /// Of `If-Match`.
    package var revision: Int64?
    /// Whether an event stream is asked for.
    package var wantsStream = false
    /// What the caller would read, all fields in one; empty where it does not say.
    package var accept = ""
    /// Whether comma-separated values are asked for rather than JSON.
    package var wantsCSV = false
    /// Of `If-None-Match`: what the caller has already; empty where nothing is said.
    package var knownTags = ""
    /// Of `Last-Event-ID`: where a stream broke off.
    package var lastEvent: Int64?

    package var author: ChangeAuthor { ChangeAuthor(name: caller.author, reason: members["reason"] ?? "") }

    /// Whether an open operation was asked with this word: `?upstreams`, `?upstreams=true`.
    func asksFor(_ word: String) -> Bool {
        query.split(separator: "&").contains { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return parts[0] == word && (parts.count == 1 || ["", "true", "1"].contains(parts[1]))
        }
    }

    func number(_ name: String) -> Int64? {
        if case .number(let number)? = parameters[name] { number } else { nil }
    }

    func word(_ name: String) -> String? {
        if case .word(let word)? = parameters[name] { word } else { nil }
    }

    func words(_ name: String) -> [String] {
        if case .words(let words)? = parameters[name] { words } else { [] }
    }
}

/// Who asks.
package struct Caller: Sendable, Hashable {
    /// For the audit trail: what the caller says, else the token's scope, else `loopback`.
    package var author: String
    /// Whether changes are allowed too.
    package var mayChange = true
}

/// The value of a query parameter, as its operation declares it.
package enum ParameterValue: Sendable, Hashable {
    case number(Int64)
    case word(String)
    case words([String])
}
