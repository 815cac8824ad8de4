/// Words about a legacy endpoint's end, in the head of every answer to a handshake there: `Deprecation` (RFC 9745),
/// `Sunset` (RFC 8594) and `Link` (RFC 8288), ready to be written.
package struct Announcement: Sendable {
    package let fields: HeaderFields
    /// The successor's URL or path; nil for none.
    package let successor: String?
    package let sunset: UnixTime?
    package let link: String?
    /// The notice for a client in-band, once; nil for none.
    package let notice: [UInt8]?

    /// - Parameter unified: the unified endpoint's path; the successor where the settings name none.
    package init(_ settings: DeprecationSettings, unified: String?) {
        let successor = settings.successor ?? unified
        self.successor = successor
        sunset = settings.sunset
        link = settings.link
        var fields = HeaderFields()
        if let date = settings.deprecatedAt {
            // A Date of structured fields (RFC 9651 §3.3.7).
            fields.append("Deprecation", ByteString("@\(date.seconds)"))
        }
        if let sunset = settings.sunset { fields.append("Sunset", ByteString(sunset.httpDate)) }
        var links: [String] = []
        if let link = settings.link {
            links.append(Self.link(link, "deprecation"))
            if settings.sunset != nil { links.append(Self.link(link, "sunset")) }
        }
        // RFC 5829.
        if let successor { links.append(Self.link(successor, "successor-version")) }
        if !links.isEmpty { fields.append("Link", ByteString(links.joined(separator: ", "))) }
        self.fields = fields
        let values: [String: String?] = [
            "deprecated_at": settings.deprecatedAt?.shortText, "sunset": settings.sunset?.shortText,
            "link": settings.link, "successor": successor,
        ]
        notice = settings.notice.map { ConnectTemplate($0).filled(values.mapValues { Array(($0 ?? "").utf8) }) }
    }

    /// A backend's fields with these added. Of `Deprecation` and `Sunset` there may be one each, so the backend's own
    /// give way; its links stay.
    package func joined(to theirs: HeaderFields) -> HeaderFields {
        let own = fields.map { FieldToken($0.name) }.filter { !$0.isSame(Self.links) }
        var joined = HeaderFields()
        joined.append(theirs) { _, name in !own.contains { $0.isSame(name) } }
        joined.append(fields)
        return joined
    }

    private static let links = Array("link".utf8)[...]

    private static func link(_ target: String, _ relation: String) -> String {
        "<\(escaped(target))>; rel=\"\(relation)\""
    }

    /// A URI reference between angle brackets: whatever no URI has in it (RFC 3986 §2) is written in percents.
    private static func escaped(_ target: String) -> String {
        var bytes: [UInt8] = []
        for byte in target.utf8 {
            if isOfURI(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let hex = Array("0123456789ABCDEF".utf8)
    private static let marks = Array("-._~:/?#[]@!$&'()*+,;=%".utf8)

    /// Unreserved, reserved, or the percent sign of what is escaped already.
    package static func isOfURI(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: marks.contains(byte)
        }
    }
}
