/// A raw query as the list of parameters that form decoding sees in it. Only `&` separates: what Python's `parse_qsl`
/// does, and with it Starlette, whose reading of the token is the one that counts.
package struct QueryString: Sendable {
    package struct Parameter: Sendable, Equatable {
        /// The parameter as it stands in the query.
        package let raw: String
        package let name: String
        package let value: String
        /// Whether `value` is what a decoder makes of it; false when that is no valid UTF-8 and the raw text stands in.
        package let decoded: Bool
    }

    /// All parts between `&`, empty ones included, so that the query can be put together again.
    package let parameters: [Parameter]

    /// - Parameter raw: the query without `?`.
    package init(_ raw: String) {
        guard !raw.isEmpty else {
            parameters = []
            return
        }
        parameters = FieldText.split(raw, at: 0x26).map(Parameter.init(raw:))
    }

    /// The decoded values of all parameters of that name, in order.
    package func values(of name: String) -> [String] {
        parameters.filter { $0.isNamed(name) }.map(\.value)
    }

    /// The query with exactly one parameter of that name, which decodes to `value`. It is the same, byte for byte, when
    /// it is so already; otherwise all of that name are taken out and one is added at its end.
    package func setting(_ name: String, to value: String) -> String {
        let present = parameters.filter { $0.isNamed(name) }
        if present.count == 1, present[0].decoded, FieldText.sameBytes(present[0].value, value) {
            return parameters.map(\.raw).joined(separator: "&")
        }
        let others = parameters.filter { !$0.isNamed(name) }.map(\.raw)
        let written = PercentCoding.encoded(name) + "=" + PercentCoding.encoded(value)
        return (others + [written]).joined(separator: "&")
    }
}

extension QueryString.Parameter {
    fileprivate init(raw: String) {
        let bytes = Array(raw.utf8)
        let equals = bytes.firstIndex(of: 0x3D) ?? bytes.count
        let name = String(decoding: bytes[..<equals], as: UTF8.self)
        let value = String(decoding: bytes[min(equals + 1, bytes.count)...], as: UTF8.self)
        let decodedValue = PercentCoding.decoded(value, plusIsSpace: true)
        self.init(
            raw: raw, name: PercentCoding.decoded(name, plusIsSpace: true) ?? name,
            value: decodedValue ?? value, decoded: decodedValue != nil)
    }

    /// An empty part (`a=1&&b=2`) is no parameter, not even one without a name.
    fileprivate func isNamed(_ other: String) -> Bool { !raw.isEmpty && FieldText.sameBytes(name, other) }
}
