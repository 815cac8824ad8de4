/// A raw query as the list of parameters that form decoding sees in it. Only `&` separates: what Python's `parse_qsl`
/// does, and with it Starlette, whose reading of the token is the one that counts.
package struct QueryString: Sendable {
    package struct Parameter: Sendable, Equatable {
        /// The parameter as it stands in the query.
        package let raw: ByteString
        /// Decoded, as `value` is. Whether these bytes are UTF-8 is nobody's business here.
        package let name: ByteString
        package let value: ByteString
    }

    /// All parts between `&`, empty ones included, so that the query can be put together again.
    package let parameters: [Parameter]

    /// - Parameter raw: the query without `?`.
    package init(_ raw: ByteString) {
        parameters = raw.isEmpty ? [] : raw.split(at: 0x26).map(Parameter.init(raw:))
    }

    /// The decoded values of all parameters of that name in a raw query, in order.
    package static func values(of name: String, in raw: ByteString) -> [ByteString] {
        var values: [ByteString] = []
        let bytes = raw.bytes
        var start = 0
        for end in 0...bytes.count where end == bytes.count || bytes[end] == 0x26 {
            let part = bytes[start..<end]
            start = end &+ 1
            let equals = part.firstIndex(of: 0x3D) ?? part.endIndex
            // An empty part (`a=1&&b=2`) is no parameter, not even one without a name.
            guard !part.isEmpty, isNamed(part[..<equals], name) else { continue }
            values.append(PercentCoding.decoded(ByteString(part[equals...].dropFirst()), plusIsSpace: true))
        }
        return values
    }

    /// Whether a name stands for this one. Few are coded.
    private static func isNamed(_ raw: ArraySlice<UInt8>, _ name: String) -> Bool {
        guard raw.contains(where: { $0 == 0x25 || $0 == 0x2B }) else {
            return raw.count == name.utf8.count && raw.elementsEqual(name.utf8)
        }
        return PercentCoding.decoded(ByteString(raw), plusIsSpace: true).isText(name)
    }

    /// The query with exactly one parameter of that name, which decodes to `value`. It is the same, byte for byte, when
    /// it is so already; otherwise all of that name are taken out and one is added at its end.
    package func setting(_ name: String, to value: ByteString) -> ByteString {
        let name = ByteString(name)
        let present = parameters.filter { $0.isNamed(name) }
        if present.count == 1, present[0].value == value { return parameters.map(\.raw).joined(separator: "&") }
        let others = parameters.filter { !$0.isNamed(name) }.map(\.raw)
        let written = PercentCoding.encoded(name) + "=" + PercentCoding.encoded(value)
        return (others + [written]).joined(separator: "&")
    }
}

extension QueryString.Parameter {
    fileprivate init(raw: ByteString) {
        let equals = raw.bytes.firstIndex(of: 0x3D) ?? raw.count
        let name = ByteString(raw.bytes[..<equals])
        let value = ByteString(raw.bytes[min(equals + 1, raw.count)...])
        self.init(
            raw: raw, name: PercentCoding.decoded(name, plusIsSpace: true),
            value: PercentCoding.decoded(value, plusIsSpace: true))
    }

    /// An empty part (`a=1&&b=2`) is no parameter, not even one without a name.
    fileprivate func isNamed(_ other: ByteString) -> Bool { !raw.isEmpty && name == other }
}
