/// Writes heads of HTTP/1.1 messages: the one place where fields become bytes. Nothing that it is given can end a line
/// early (RFC 9110 §5.5): a target, reason or value that could, or a name that is no token, is no head at all.
package enum HeadWriter {
    /// The head of a request for an upgrade. Nil where it cannot be written.
    package static func request(target: ByteString, _ fields: [Handshake.Field]) -> [UInt8]? {
        guard !target.isEmpty, target.bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        return head(Array("GET ".utf8) + target.bytes + Array(" HTTP/1.1".utf8), fields)
    }

    /// The head of an answer. Nil where it cannot be written.
    ///
    /// - Parameter status: 100…999.
    package static func answer(status: Int, reason: ByteString, _ fields: [Handshake.Field]) -> [UInt8]? {
        guard (100...999).contains(status), !FieldText.isUnsafe(reason) else { return nil }
        return head(Array("HTTP/1.1 \(status) ".utf8) + reason.bytes, fields)
    }

    private static func head(_ startLine: [UInt8], _ fields: [Handshake.Field]) -> [UInt8]? {
        var bytes = startLine
        bytes.reserveCapacity(512)
        bytes += lineEnd
        for field in fields {
            guard FieldText.isFieldName(field.name), !FieldText.isUnsafe(field.value) else { return nil }
            bytes += field.name.utf8
            bytes += separator
            bytes += field.value.bytes
            bytes += lineEnd
        }
        return bytes + lineEnd
    }

    private static let lineEnd: [UInt8] = [0x0D, 0x0A]
    private static let separator: [UInt8] = [0x3A, 0x20]
}
