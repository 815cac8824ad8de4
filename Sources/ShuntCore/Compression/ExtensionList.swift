/// An extension as a handshake names it (RFC 6455 §9.1): a token, and parameters with or without values.
struct NamedExtension: Equatable {
    struct Parameter: Equatable {
        var name: ByteString
        /// Without quotes.
        var value: ByteString?
    }

    var name: ByteString
    var parameters: [Parameter] = []
}

/// Reads `Sec-WebSocket-Extensions`.
struct ExtensionListReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    private init(_ value: ArraySlice<UInt8>) {
        bytes = value
        position = value.startIndex
    }

    /// The extensions of all fields in order; nil when one of them is malformed.
    static func read(_ values: [ArraySlice<UInt8>]) -> [NamedExtension]? {
        var all: [NamedExtension] = []
        for value in values {
            var reader = ExtensionListReader(value)
            guard let found = reader.list() else { return nil }
            all += found
        }
        return all
    }

    private mutating func list() -> [NamedExtension]? {
        var found: [NamedExtension] = []
        while true {
            // Empty members are allowed (RFC 9110 §5.6.1.2).
            while take(0x2C) {}
            if position == bytes.endIndex { return found }
            guard let name = token() else { return nil }
            var named = NamedExtension(name: name)
            while take(0x3B) {
                guard let parameter = parameter() else { return nil }
                named.parameters.append(parameter)
            }
            found.append(named)
            if position == bytes.endIndex { return found }
            guard take(0x2C) else { return nil }
        }
    }

    private mutating func parameter() -> NamedExtension.Parameter? {
        guard let name = token() else { return nil }
        guard take(0x3D) else { return NamedExtension.Parameter(name: name) }
        skipSpace()
        guard position < bytes.endIndex, bytes[position] == 0x22 else {
            guard let value = token() else { return nil }
            return NamedExtension.Parameter(name: name, value: value)
        }
        guard let value = quoted() else { return nil }
        return NamedExtension.Parameter(name: name, value: value)
    }

    /// A quoted string; what is in it must be a token itself (RFC 6455 §9.1).
    private mutating func quoted() -> ByteString? {
        position += 1
        var value: [UInt8] = []
        while position < bytes.endIndex, bytes[position] != 0x22 {
            if bytes[position] == 0x5C { position += 1 }
            guard position < bytes.endIndex, FieldText.isTokenByte(bytes[position]) else { return nil }
            value.append(bytes[position])
            position += 1
        }
        guard position < bytes.endIndex, !value.isEmpty else { return nil }
        position += 1
        skipSpace()
        return ByteString(value)
    }

    private mutating func token() -> ByteString? {
        skipSpace()
        let start = position
        while position < bytes.endIndex, FieldText.isTokenByte(bytes[position]) { position += 1 }
        guard position > start else { return nil }
        defer { skipSpace() }
        return ByteString(bytes[start..<position])
    }

    /// Takes that byte and the white space around it, if it is next.
    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < bytes.endIndex, bytes[position] == byte else { return false }
        position += 1
        skipSpace()
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.endIndex, FieldText.isWhitespace(bytes[position]) { position += 1 }
    }
}
