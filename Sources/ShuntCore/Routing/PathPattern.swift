/// A path with placeholders, each for one whole segment.
package struct PathPattern: Sendable, Hashable {
    private enum Segment: Sendable, Hashable {
        case text(ByteString)
        case value(String)
    }
    private let segments: [Segment]

    package init(_ path: String) {
        segments = ByteString(path).split(at: 0x2F).map { segment in
            Self.placeholder(segment).map { .value($0) } ?? .text(segment)
        }
    }

    /// The values of the placeholders in a path, as they stand there; nil where it does not fit. A value is the name of
    /// something: not empty, and nothing that a server may take for another path.
    package func values(in path: ByteString) -> [String: ByteString]? {
        let parts = path.split(at: 0x2F)
        guard parts.count == segments.count else { return nil }
        var values: [String: ByteString] = [:]
        for (part, segment) in zip(parts, segments) {
            switch segment {
            case .text(let text): if part != text { return nil }
            case .value(let name):
                if !Self.isName(part) { return nil }
                values[name] = part
            }
        }
        return values
    }

    /// Servers normalise paths in their own ways (RFC 3986 §6.2.2): dots and slashes behind `%`, backslashes, dots before
    /// a parameter of the segment. What any of them could take for a way up or down is no name.
    private static func isName(_ segment: ByteString) -> Bool {
        let bytes = PercentCoding.decoded(segment, plusIsSpace: false).bytes
        guard !bytes.contains(where: { $0 == 0x2F || $0 == 0x5C || $0 < 0x20 || $0 == 0x7F }), !hasOverlong(bytes)
        else { return false }
        let name = bytes.prefix { ![0x3B, 0x3F, 0x23].contains($0) }
        return !name.isEmpty && !name.elementsEqual(".".utf8) && !name.elementsEqual("..".utf8)
    }

    /// Whether a careless decoder of UTF-8 could read an ASCII character where none is: `%C0%AE` is such a dot.
    private static func hasOverlong(_ bytes: [UInt8]) -> Bool {
        zip(bytes, bytes.dropFirst()).contains { first, second in
            switch first {
            case 0xC0, 0xC1: (0x80...0xBF).contains(second)
            case 0xE0: (0x80...0x9F).contains(second)
            case 0xF0: (0x80...0x8F).contains(second)
            default: false
            }
        }
    }

    /// A path with the values in the place of their placeholders.
    package static func fill(_ path: String, _ values: [String: ByteString]) -> ByteString {
        guard !values.isEmpty else { return ByteString(path) }
        return ByteString(path).split(at: 0x2F).map { segment in
            placeholder(segment).flatMap { values[$0] } ?? segment
        }.joined(separator: "/")
    }

    /// The name in a segment's braces; nil for any other segment.
    private static func placeholder(_ segment: ByteString) -> String? {
        guard segment.count >= 2, segment.bytes.first == 0x7B, segment.bytes.last == 0x7D else { return nil }
        return ByteString(segment.bytes.dropFirst().dropLast()).text
    }
}
