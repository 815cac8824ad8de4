/// The kind of a JSON value (RFC 8259 §3).
package enum JSONKind: UInt8, Sendable, Equatable {
    case object, array, string, number, `true`, `false`, null
}

/// The place of a value in the bytes of its message: `start..<end`, the quotes of a string included.
package struct JSONValue: Sendable, Equatable {
    package var kind: JSONKind
    package var start: Int
    package var end: Int
    /// Whether a string may hold escapes. False lets comparisons go byte for byte.
    package var mayEscape: Bool

    package init(kind: JSONKind, start: Int, end: Int, mayEscape: Bool = true) {
        self.kind = kind
        self.start = start
        self.end = end
        self.mayEscape = mayEscape
    }
}

/// The result of scanning a message. Positions are offsets in bytes.
package enum ScanResult: Sendable, Equatable {
    /// A well-formed JSON object.
    case object
    /// Well-formed JSON, but no object.
    case notAnObject
    /// No JSON by RFC 8259.
    case malformed(at: Int)
    /// An array or object nested deeper than allowed begins here.
    case tooDeep(at: Int)
}
