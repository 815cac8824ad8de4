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
    @inline(__always)
    static func isTokenByte(_ byte: UInt8) -> Bool {
        let marks = byte < 0x40 ? lowerTokenBytes : upperTokenBytes
        return byte < 0x80 && marks &>> UInt64(byte & 0x3F) & 1 == 1
    }

    /// A bit for each of the bytes 0x00 to 0x3F and 0x40 to 0x7F: letters and digits, and ``!#$%&'*+-.^_`|~``.
    private static let lowerTokenBytes: UInt64 = 0x03FF_6CFA_0000_0000
    private static let upperTokenBytes: UInt64 = 0x57FF_FFFF_C7FF_FFFE

    /// Whether all of it may be the name of a field.
    static func isToken(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices where !isTokenByte(bytes[index]) { return false }
        return !bytes.isEmpty
    }

    /// Whether a value could end its field or its message early: CR, LF and NUL (RFC 9110 §5.5).
    static func isUnsafe(_ value: ByteString) -> Bool { isUnsafe(value.bytes.span) }

    static func isUnsafe(_ value: Span<UInt8>) -> Bool {
        for index in value.indices where value[index] <= 0x0D {
            if value[index] == 0x0D || value[index] == 0x0A || value[index] == 0 { return true }
        }
        return false
    }

    /// Whether there is a control character in it.
    static func hasControls(_ text: ByteString) -> Bool {
        text.bytes.contains { $0 < 0x20 || $0 == 0x7F }
    }

    static func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
