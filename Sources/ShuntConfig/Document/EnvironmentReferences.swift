/// `${NAME}` and `${NAME:-default}` in a text; `$${` stands for a literal `${`.
struct EnvironmentReferences {
    let environment: [String: String]

    /// What became of a text.
    struct Expansion: Equatable {
        var text: String
        /// Whether a part of the text came from the environment (a default did not).
        var isReference = false
        /// Names that are not set and have no default.
        var missing: [String] = []
        /// References that cannot be read, as they are written.
        var malformed: [String] = []
    }

    /// A variable that is set but empty counts as set for `${NAME}`, and as not set for `${NAME:-default}`, as in a
    /// POSIX shell (XCU 2.6.2).
    func expand(_ text: String) -> Expansion {
        guard text.contains("${") else { return Expansion(text: text) }
        var expansion = Expansion(text: "")
        var rest = Substring(text)
        while let dollar = rest.firstRange(of: "${") {
            if rest[..<dollar.lowerBound].hasSuffix("$") {
                expansion.text += rest[..<dollar.lowerBound].dropLast() + "${"
                rest = rest[dollar.upperBound...]
                continue
            }
            expansion.text += rest[..<dollar.lowerBound]
            guard let close = rest[dollar.upperBound...].firstIndex(of: "}") else {
                expansion.malformed.append(String(rest[dollar.lowerBound...]))
                return expansion
            }
            let body = rest[dollar.upperBound..<close]
            rest = rest[rest.index(after: close)...]
            resolve(body, into: &expansion)
        }
        expansion.text += rest
        return expansion
    }

    private func resolve(_ body: Substring, into expansion: inout Expansion) {
        let separator = body.firstRange(of: ":-")
        let name = String(body[..<(separator?.lowerBound ?? body.endIndex)])
        guard Self.isName(name) else {
            expansion.malformed.append("${\(body)}")
            return
        }
        let value = environment[name]
        if let separator {
            if let value, !value.isEmpty {
                expansion.text += value
                expansion.isReference = true
            } else {
                expansion.text += body[separator.upperBound...]
            }
        } else if let value {
            expansion.text += value
            expansion.isReference = true
        } else {
            expansion.missing.append(name)
        }
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
            default: false
            }
        }
    }
}
