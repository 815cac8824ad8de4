/// The parameters of permessage-deflate in an offer or in an answer to one (RFC 7692 §7.1).
struct DeflateParameters: Equatable {
    var serverNoContextTakeover = false
    var clientNoContextTakeover = false
    var serverMaxWindowBits: Int?
    /// In an offer it may stand without a value, which is 15 then.
    var clientMaxWindowBits: Int?

    static let name = FieldToken("permessage-deflate")

    init() {}

    /// nil when there is a parameter that the extension does not have, one with a value that it cannot have, or one twice.
    init?(_ named: NamedExtension, isOffer: Bool) {
        guard Self.name.isSame(named.name.bytes[...]) else { return nil }
        var seen: [ByteString] = []
        for parameter in named.parameters {
            guard !seen.contains(parameter.name) else { return nil }
            seen.append(parameter.name)
            switch (parameter.name.text, parameter.value) {
            case ("server_no_context_takeover", nil): serverNoContextTakeover = true
            case ("client_no_context_takeover", nil): clientNoContextTakeover = true
            case ("client_max_window_bits", nil) where isOffer: clientMaxWindowBits = 15
            case ("server_max_window_bits", let value?):
                guard let bits = Self.bits(value) else { return nil }
                serverMaxWindowBits = bits
            case ("client_max_window_bits", let value?):
                guard let bits = Self.bits(value) else { return nil }
                clientMaxWindowBits = bits
            default: return nil
            }
        }
    }

    /// 8 to 15, without zeros in front.
    private static func bits(_ value: ByteString) -> Int? {
        guard value.bytes.count <= 2, value.bytes.first != 0x30 else { return nil }
        var number = 0
        for byte in value.bytes {
            guard (0x30...0x39).contains(byte) else { return nil }
            number = number &* 10 &+ Int(byte &- 0x30)
        }
        return (8...15).contains(number) ? number : nil
    }

    /// As it stands in the field.
    var text: String {
        var text = "permessage-deflate"
        if serverNoContextTakeover { text += "; server_no_context_takeover" }
        if clientNoContextTakeover { text += "; client_no_context_takeover" }
        if let bits = serverMaxWindowBits { text += "; server_max_window_bits=\(bits)" }
        if let bits = clientMaxWindowBits { text += "; client_max_window_bits=\(bits)" }
        return text
    }
}
