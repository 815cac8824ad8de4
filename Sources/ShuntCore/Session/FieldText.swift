/// Reading of header field values, as far as a handshake needs it.
package enum FieldText {
    /// Without the white space around it (RFC 9110 §5.6.3 counts space and tab).
    package static func trimmed(_ text: ByteString) -> ByteString {
        guard let first = text.bytes.first, let last = text.bytes.last, isWhitespace(first) || isWhitespace(last)
        else { return text }
        return ByteString(trimmed(text.bytes[...]))
    }

    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var (start, end) = (bytes.startIndex, bytes.endIndex)
        while start < end, isWhitespace(bytes[start]) { start &+= 1 }
        while start < end, isWhitespace(bytes[end &- 1]) { end &-= 1 }
        return bytes[start..<end]
    }

    /// Whether a member of a comma-separated list, trimmed and not empty, is so.
    static func list(_ value: ArraySlice<UInt8>, contains fits: (ArraySlice<UInt8>) -> Bool) -> Bool {
        var start = value.startIndex
        for index in value.startIndex...value.endIndex where index == value.endIndex || value[index] == 0x2C {
            let member = trimmed(value[start..<index])
            if !member.isEmpty, fits(member) { return true }
            start = index &+ 1
        }
        return false
    }

    /// The members of a comma-separated list over all fields of one name, trimmed, without the empty ones
    /// (RFC 9110 §5.6.1).
    package static func list(_ values: [ByteString]) -> [ByteString] {
        values.flatMap { $0.split(at: 0x2C) }.map { trimmed($0) }.filter { !$0.isEmpty }
    }

    /// Whether a byte may stand in the name of a field, a cookie or a method: a `tchar` of RFC 9110 §5.6.2.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
        default: false
        }
    }

    static func isFieldName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
    }

    /// Whether a value could end its field or its message early: CR, LF and NUL (RFC 9110 §5.5).
    static func isUnsafe(_ value: ByteString) -> Bool {
        value.bytes.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 }
    }

    /// Whether there is a control character in it.
    static func hasControls(_ text: ByteString) -> Bool {
        text.bytes.contains { $0 < 0x20 || $0 == 0x7F }
    }

    static func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
