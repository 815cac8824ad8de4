/// A small JSON document as values, each as exactly as it was written: numbers keep their digits, a name that stands twice
/// in one object is refused. For tokens, sets of keys and answers of services; messages are never made into one.
package enum JSONDocument: Sendable, Equatable {
    case object([Member])
    case list([JSONDocument])
    case text(ByteString)
    /// As it is written.
    case number(ByteString)
    case boolean(Bool)
    case null

    package struct Member: Sendable, Equatable {
        package let name: ByteString
        package let value: JSONDocument
    }

    /// nil for what is no JSON by RFC 8259, no UTF-8, nested deeper than `nesting`, or has a name twice.
    package init?(_ bytes: [UInt8], nesting: Int = 16) {
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        let span = bytes.span
        var position = JSONScanner.skipSpace(span, 0)
        guard let tree = Self.value(span, &position, nesting), JSONScanner.skipSpace(span, position) == bytes.count
        else { return nil }
        self = tree
    }

    private static func value(_ bytes: Span<UInt8>, _ position: inout Int, _ nesting: Int) -> JSONDocument? {
        switch bytes.byte(at: position) {
        case UInt8(ascii: "{"): return nesting > 0 ? object(bytes, &position, nesting - 1) : nil
        case UInt8(ascii: "["): return nesting > 0 ? list(bytes, &position, nesting - 1) : nil
        default: break
        }
        let start = position
        let end = JSONScanner.scalar(bytes, start)
        guard end.status == .good else { return nil }
        position = end.index
        let value = JSONValue(kind: end.kind, start: start, end: end.index, mayEscape: end.escaped)
        switch end.kind {
        case .string: return .text(ByteString(JSONString.content(bytes, value)))
        case .number: return .number(ByteString(JSONString.content(bytes, value)))
        case .true: return .boolean(true)
        case .false: return .boolean(false)
        case .null: return .null
        case .object, .array: return nil
        }
    }

    private static func object(_ bytes: Span<UInt8>, _ position: inout Int, _ nesting: Int) -> JSONDocument? {
        var members: [Member] = []
        var names: Set<ByteString> = []
        let isWell = elements(bytes, &position, until: UInt8(ascii: "}")) { position in
            guard bytes.byte(at: position) == UInt8(ascii: "\"") else { return false }
            guard case .text(let name)? = value(bytes, &position, 0), names.insert(name).inserted else { return false }
            position = JSONScanner.skipSpace(bytes, position)
            guard bytes.byte(at: position) == UInt8(ascii: ":") else { return false }
            position = JSONScanner.skipSpace(bytes, position + 1)
            guard let value = value(bytes, &position, nesting) else { return false }
            members.append(Member(name: name, value: value))
            return true
        }
        return isWell ? .object(members) : nil
    }

    private static func list(_ bytes: Span<UInt8>, _ position: inout Int, _ nesting: Int) -> JSONDocument? {
        var values: [JSONDocument] = []
        let isWell = elements(bytes, &position, until: UInt8(ascii: "]")) { position in
            guard let value = value(bytes, &position, nesting) else { return false }
            values.append(value)
            return true
        }
        return isWell ? .list(values) : nil
    }

    /// What stands between brackets, with commas.
    private static func elements(
        _ bytes: Span<UInt8>, _ position: inout Int, until close: UInt8, _ element: (inout Int) -> Bool
    ) -> Bool {
        position = JSONScanner.skipSpace(bytes, position + 1)
        if bytes.byte(at: position) == close {
            position += 1
            return true
        }
        while true {
            guard element(&position) else { return false }
            position = JSONScanner.skipSpace(bytes, position)
            switch bytes.byte(at: position) {
            case UInt8(ascii: ","): position = JSONScanner.skipSpace(bytes, position + 1)
            case close:
                position += 1
                return true
            default: return false
            }
        }
    }

    // MARK: Looking

    /// A member of an object.
    package subscript(_ name: String) -> JSONDocument? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.isText(name) }?.value
    }

    package var text: ByteString? { if case .text(let text) = self { text } else { nil } }

    /// A member by its path: the name as a whole goes first, then names of nested objects.
    package func member(at path: ClaimPath) -> JSONDocument? {
        if let whole = self[path.text] { return whole }
        var found: JSONDocument? = self
        for name in path.text.split(separator: ".", omittingEmptySubsequences: false) {
            found = found?[String(name)]
        }
        return found
    }
}
