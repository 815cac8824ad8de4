/// Writes heads of HTTP/1.1 messages: the one door to bytes of a head. Nothing that it is given can end a line
/// early (RFC 9110 §5.5): a target, reason or value that could, or a name that is no token, is no head at all.
package enum HeadWriter {
    /// The head of a request for an upgrade. Nil where it cannot be written.
    package static func request(
        target: ByteString, _ first: HeaderFields? = nil, _ second: HeaderFields? = nil,
        _ third: HeaderFields? = nil
    ) -> [UInt8]? {
        guard !target.isEmpty, target.bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        bytes += get
        bytes += target.bytes
        bytes += version
        return append(first, second, third, to: &bytes) ? bytes : nil
    }

    /// The head of an answer. Nil where it cannot be written.
    ///
    /// - Parameter status: 100…999.
    package static func answer(
        status: Int, reason: ByteString, _ first: HeaderFields? = nil,
        _ second: HeaderFields? = nil, _ third: HeaderFields? = nil
    ) -> [UInt8]? {
        guard (100...999).contains(status), !FieldText.isUnsafe(reason) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        bytes += version.dropFirst()
        bytes.append(0x20)
        for power in [100, 10, 1] { bytes.append(0x30 + UInt8(truncatingIfNeeded: status / power % 10)) }
        bytes.append(0x20)
        bytes += reason.bytes
        return append(first, second, third, to: &bytes) ? bytes : nil
    }

    /// Ends the start line, and appends the fields and the empty line.
    ///
    /// - Returns: whether all of it can be written.
    private static func append(
        _ first: HeaderFields?, _ second: HeaderFields?, _ third: HeaderFields?, to bytes: inout [UInt8]
    ) -> Bool {
        end(line: &bytes)
        guard first?.write(to: &bytes) ?? true, second?.write(to: &bytes) ?? true, third?.write(to: &bytes) ?? true
        else { return false }
        end(line: &bytes)
        return true
    }

    private static func end(line: inout [UInt8]) {
        line.append(0x0D)
        line.append(0x0A)
    }

    private static let get = Array("GET ".utf8)
    private static let version = Array(" HTTP/1.1".utf8)
}
