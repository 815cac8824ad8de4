/// The head of a request: `GET /path HTTP/1.1` and its fields.
package struct RequestHead: Sendable, Equatable {
    package let method: String
    package let target: ByteString
    /// HTTP/1.x.
    package let minorVersion: Int
    package let fields: HeaderFields

    /// Takes the head from a reader that has it whole. Nil where the first line is none of a request: three words with one
    /// space between them, the last of them a version of HTTP/1.
    package init?(_ reader: HeadReader) {
        let line = reader.startLine
        guard reader.message == .request, let first = line.firstIndex(of: 0x20),
            let last = line.lastIndex(of: 0x20), first > 0, first &+ 1 < last,
            line[..<first].allSatisfy(FieldText.isTokenByte), !line[(first &+ 1)..<last].contains(0x20),
            let version = httpMinorVersion(line[(last &+ 1)...])
        else { return nil }
        method = String(decoding: line[..<first], as: UTF8.self)
        target = ByteString(line[(first &+ 1)..<last])
        minorVersion = version
        fields = reader.fields
    }
}
