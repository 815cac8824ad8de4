package import ShuntCore

/// A request that was let in and read: all that an operation needs.
package struct Call: Sendable {
    package var control: any ProxyControl
    /// The route that the path names; empty where it names none.
    package var route = ""
    package var parameters: [String: ParameterValue] = [:]
    /// Of the body, as text.
    package var members: [String: String] = [:]
    package var caller: Caller
    /// Of `If-Match`.
    package var revision: Int64?
    /// Whether an event stream is asked for.
    package var wantsStream = false
    /// Whether comma-separated values are asked for rather than JSON.
    package var wantsCSV = false
    /// Of `Last-Event-ID`: where a stream broke off.
    package var lastEvent: Int64?

    package var author: ChangeAuthor { ChangeAuthor(name: caller.author, reason: members["reason"] ?? "") }

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
}

package enum ParameterValue: Sendable, Hashable {
    case number(Int64)
    case word(String)
    case words([String])
}
