import Foundation

/// The last wall between a token and the log: the rest of the house never hands one over, and what slips through is cut
/// here.
enum Redaction {
    /// Replaces the value behind `name=` for every name in `names`, up to the end of a query or cookie value, and what
    /// follows `Bearer ` or `shunt.token.`.
    static func redact(_ text: String, names: [String]) -> String {
        var result = text
        for mark in names.map({ "\($0)=" }) + ["Bearer ", "bearer ", "shunt.token."] where result.contains(mark) {
            result = cut(result, after: mark)
        }
        return result
    }

    private static func cut(_ text: String, after mark: String) -> String {
        var output = ""
        var rest = text[...]
        while let found = rest.range(of: mark) {
            output += rest[..<found.upperBound]
            let value = rest[found.upperBound...].prefix { !"&; \"'\n\r\t,".contains($0) }
            if !value.isEmpty { output += "[redacted]" }
            rest = rest[value.endIndex...]
        }
        return output + rest
    }
}
