/// `127.0.0.1:8080`, `[::1]:8080`, `agents.internal:8080`, with or without the port.
struct HostPort: Hashable {
    /// Without brackets, in lower case.
    var host: String
    var port: Int?

    /// nil for what is no host (RFC 3986 §3.2.2, less user information and percent-encoding) or no port.
    init?(_ text: some StringProtocol) {
        let hostText: Substring
        let portText: Substring?
        let text = Substring(text)
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            hostText = text[text.index(after: text.startIndex)..<close]
            let rest = text[text.index(after: close)...]
            guard rest.isEmpty || rest.hasPrefix(":"), IPAddress.bytes(String(hostText))?.count == 16 else {
                return nil
            }
            portText = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            hostText = parts[0]
            portText = parts.count == 2 ? parts[1] : nil
            guard Self.isName(hostText) else { return nil }
        }
        if let portText {
            guard let number = Digits.number(portText), number <= 65_535 else { return nil }
            port = Int(number)
        }
        host = hostText.lowercased()
    }

    /// A host name or an IPv4 address.
    private static func isName(_ text: Substring) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253, !text.hasPrefix("-") else { return false }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 63 }) else { return false }
        // A name of digits and dots alone is an address, or nothing.
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }) {
            return IPAddress.bytes(String(text)) != nil
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
    }
}
