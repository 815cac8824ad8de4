/// How a conversation id is made when the client sent none: stable for a session and route.
package struct ConversationTemplate: Sendable, Hashable {
    private enum Part: Sendable, Hashable {
        case text(String)
        case field(Int)
        case session
    }

    private let parts: [Part]

    /// A part in braces that is neither a `routeBy` member nor `session` stays as text; `problem` finds it first.
    package init(_ template: String?, fields: [String]) {
        guard let template else {
            parts = []
            return
        }
        var parts: [Part] = []
        var rest = template[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            let name = String(rest[rest.index(after: open)..<close])
            if name == "session" {
                parts.append(.session)
            } else if let index = fields.firstIndex(of: name) {
                parts.append(.field(index))
            } else {
                parts.append(.text("{\(name)}"))
            }
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    /// The first name in braces that means nothing, if there is one.
    package static func problem(in template: String, fields: [String]) -> String? {
        var rest = template[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let name = String(rest[rest.index(after: open)..<close])
            if name != "session" && !fields.contains(name) { return name }
            rest = rest[rest.index(after: close)...]
        }
        return nil
    }

    /// The id as a JSON string. A member that the route does not have is left out together with the `_` before it.
    package func make(match: [String], session: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        if parts.isEmpty {
            for value in match { text += Array(value.utf8) + [0x5F] }
            text += session
        }
        for part in parts {
            switch part {
            case .text(let literal):
                // "{agent_type}_{pillar}_{session}" without a pillar reads "guide_…", not "guide__…".
                if literal == "_", text.last == 0x5F { continue }
                text += Array(literal.utf8)
            case .field(let index):
                if index < match.count { text += Array(match[index].utf8) }
            case .session: text += session
            }
        }
        var json: [UInt8] = []
        JSONString.appendQuoted(text, to: &json)
        return json
    }
}
