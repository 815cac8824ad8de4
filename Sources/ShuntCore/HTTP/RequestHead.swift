/// The head of a request: `GET /path HTTP/1.1` and its fields.
package struct RequestHead: Sendable, Equatable {
    package let method: String
    package let target: ByteString
    /// HTTP/1.x.
    package let minorVersion: Int
    package let fields: [Handshake.Field]

    /// Takes the head from a reader that has it whole. Nil where the first line is none of a request: three words with one
    /// space between them, the last of them a version of HTTP/1.
    package init?(_ reader: HeadReader) {
        let words = reader.startLine.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard reader.message == .request, words.count == 3, !words[0].isEmpty,
            words[0].allSatisfy(FieldText.isTokenByte), !words[1].isEmpty,
            let version = httpMinorVersion(words[2])
        else { return nil }
        method = String(decoding: words[0], as: UTF8.self)
        target = ByteString(words[1])
        minorVersion = version
        fields = reader.fields
    }
}
