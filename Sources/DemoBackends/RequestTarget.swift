/// A request target as the field's Python servers take it apart.
struct RequestTarget: Sendable {
    let path: String
    /// Raw, without `?`.
    let query: String

    init(_ target: String) {
        let cut = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = Self.decoded(cut[0], plusIsSpace: false)
        query = cut.count > 1 ? String(cut[1]) : ""
    }

    /// The last value of a query parameter, decoded; nil where it is absent or empty.
    func parameter(_ name: String) -> String? {
        var found: String?
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[1].isEmpty, Self.decoded(parts[0]) == name else { continue }
            found = Self.decoded(parts[1])
        }
        return found
    }

    /// Percent decoding; `+` is a space in queries (the URL standard's form encoding). A `%` without two digits
    /// stands for itself, and bytes that are no UTF-8 become replacement characters.
    static func decoded(_ text: Substring, plusIsSpace: Bool = true) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(Substring(rest.prefix(2))), radix: 16),
                rest.count >= 2
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") && plusIsSpace ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
