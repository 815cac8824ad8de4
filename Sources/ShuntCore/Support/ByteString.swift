/// A peer's bytes where text is usual: a field's value, a token, a part of a request target. Its bytes are opaque
/// (RFC 9110 §5.5): two are equal where all bytes are, and nothing is decoded that must be told apart or passed on.
/// Strings would not do, for they take different spellings of one character for equal, and a backend does not.
package struct ByteString: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }
    /// The text's UTF-8.
    package init(_ text: String) { bytes = Array(text.utf8) }

    package var isEmpty: Bool { bytes.isEmpty }
    package var count: Int { bytes.count }

    /// The bytes as text; nil where they are no UTF-8.
    package var text: String? { String(validating: bytes, as: UTF8.self) }

    /// Whether it is that text's UTF-8.
    package func isText(_ text: String) -> Bool { bytes.count == text.utf8.count && bytes.elementsEqual(text.utf8) }

    package func hasPrefix(_ prefix: String) -> Bool { bytes.starts(with: prefix.utf8) }

    /// The parts between the separators; at least one.
    package func split(at separator: UInt8) -> [ByteString] {
        bytes.split(separator: separator, omittingEmptySubsequences: false).map { ByteString($0) }
    }

    package static func + (left: ByteString, right: ByteString) -> ByteString { ByteString(left.bytes + right.bytes) }
}

extension ByteString: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self.init(text) }
}

extension [ByteString] {
    package func joined(separator: ByteString) -> ByteString {
        ByteString([UInt8](map(\.bytes).joined(separator: separator.bytes)))
    }
}

extension ByteString: CustomStringConvertible {
    /// Text for people: control characters and bytes that are no UTF-8 as `\xFC`, a backslash as two, so that what differs
    /// looks different. Never for what is compared or sent on, and never for a token.
    package var description: String {
        var text = ""
        var rest = bytes[...]
        while let first = rest.first {
            let length = ByteString.lengthOfCharacter(first)
            guard length <= rest.count, let part = String(validating: rest.prefix(length), as: UTF8.self),
                let scalar = part.unicodeScalars.first, !ByteString.isControl(scalar)
            else {
                text += "\\x" + ByteString.hex(first)
                rest = rest.dropFirst()
                continue
            }
            text += scalar == "\\" ? "\\\\" : part
            rest = rest.dropFirst(length)
        }
        return text
    }

    /// The length of a UTF-8 character that begins so; a byte that begins none is invalid at any length.
    private static func lengthOfCharacter(_ first: UInt8) -> Int {
        switch first {
        case 0xC0...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xFF: 4
        default: 1
        }
    }

    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.utf8.count == 1 ? "0" + digits : digits
    }
}
