package import ShuntCore

/// Reads what a dial writes into a request target, independently of the core's own reader.
package enum QueryReader {
    /// All values of a query parameter, percent-decoded.
    package static func values(of name: String, in target: ByteString) -> [ByteString] {
        guard let mark = target.bytes.firstIndex(of: UInt8(ascii: "?")) else { return [] }
        return target.bytes[(mark + 1)...].split(separator: UInt8(ascii: "&")).compactMap { pair in
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            guard decoded(pair[..<equals]) == ByteString(name) else { return nil }
            return decoded(pair[equals...].dropFirst())
        }
    }

    /// The value of a cookie in `Cookie` field values.
    package static func cookies(_ name: String, in fields: [ByteString]) -> [ByteString] {
        fields.flatMap { $0.bytes.split(separator: UInt8(ascii: ";")) }.compactMap { pair in
            let pair = pair.drop { $0 == UInt8(ascii: " ") }
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), pair[..<equals].elementsEqual(name.utf8)
            else { return nil }
            return ByteString(pair[(equals + 1)...])
        }
    }

    private static func decoded(_ text: ArraySlice<UInt8>) -> ByteString {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return ByteString(bytes)
    }
}
