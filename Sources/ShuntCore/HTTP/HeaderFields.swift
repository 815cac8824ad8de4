/// The header fields of one message, in order and as they stood there: all names and values lie in one block of bytes.
///
/// What handshakes are checked by is told by its kind when a field is added, so that nobody has to look names up again.
package struct HeaderFields: Sendable, Equatable {
    /// The fields that are asked for while a handshake is checked, and kinds of those that no proxy passes on.
    package enum Kind: UInt8, Sendable, CaseIterable {
        case other, host, upgrade, connection, contentLength, transferEncoding, origin, cookie, userAgent
        case xForwardedFor, xForwardedHost, xForwardedPort, xForwardedProto
        case secWebSocketKey, secWebSocketVersion, secWebSocketProtocol, secWebSocketExtensions, secWebSocketAccept
        case forwarded
        /// Any other that begins with `X-Forwarded-`.
        case xForwardedOther
        /// Any other of this hop or this handshake: `Keep-Alive`, `TE`, `Proxy-…`, `Sec-WebSocket-…` and the like.
        case hop

        /// Whether it is for who has the other end of the connection, or says who that is: it is not passed on as it came.
        var isOfThisHop: Bool {
            switch self {
            case .other, .origin, .cookie, .userAgent: false
            default: true
            }
        }

        /// Whether it is of an answer's own connection, or frames its body: it is not passed on as it came.
        package var isOfAnswersHop: Bool { isOfThisHop && !tellsOfClient && self != .host }

        /// Whether proxies in front tell by it of whom they speak for.
        var tellsOfClient: Bool {
            switch self {
            case .forwarded, .xForwardedFor, .xForwardedHost, .xForwardedPort, .xForwardedProto, .xForwardedOther: true
            default: false
            }
        }
    }

    /// A field's bytes: its name stands right behind the field before it, its value right behind its name.
    private struct Place: Sendable, Equatable {
        var value: UInt32
        var end: UInt32
        var kind: Kind
    }

    private var bytes: [UInt8] = []
    private var places: [Place] = []

    package init() {}

    package init(_ fields: some Sequence<Handshake.Field>) {
        for field in fields { append(field) }
    }

    /// Copies the fields into no more memory than they need, for whoever keeps them.
    package init(compacting other: HeaderFields) {
        // An array made of another, or of all of it, would share its memory.
        bytes.reserveCapacity(other.bytes.count)
        bytes.append(contentsOf: other.bytes)
        places.reserveCapacity(other.places.count)
        places.append(contentsOf: other.places)
    }

    package mutating func append(_ field: Handshake.Field) { append(field.name, field.value) }

    package mutating func append(_ name: String, _ value: ByteString) {
        begin()
        bytes += name.utf8
        endName()
        bytes += value.bytes
        if let last = places.indices.last { places[last].end = UInt32(truncatingIfNeeded: bytes.count) }
    }

    /// Adds another message's fields that are so, as they stand there.
    package mutating func append(
        _ other: HeaderFields, where fits: (Kind, _ name: ArraySlice<UInt8>) -> Bool = { _, _ in true }
    ) {
        for index in other.places.indices where fits(other.places[index].kind, other.nameBytes(at: index)) {
            let (place, start) = (other.places[index], UInt32(truncatingIfNeeded: bytes.count))
            let nameStart = UInt32(truncatingIfNeeded: other.nameStart(index))
            if places.capacity == 0 { reserve() }
            bytes += other.bytes[Int(nameStart)..<Int(place.end)]
            places.append(
                Place(value: start &+ place.value &- nameStart, end: start &+ place.end &- nameStart, kind: place.kind))
        }
    }

    /// Takes fields out.
    package mutating func removeAll(where fits: (Kind, _ name: ArraySlice<UInt8>) -> Bool) {
        guard places.indices.contains(where: { fits(places[$0].kind, nameBytes(at: $0)) }) else { return }
        let before = self
        self = HeaderFields()
        append(before) { !fits($0, $1) }
    }

    /// Takes the fields out that no message can have: names that are no token, values that could end the field.
    mutating func removeUnwritable() {
        guard !places.indices.allSatisfy(isWritable) else { return }
        let before = self
        self = HeaderFields()
        for index in before.places.indices where before.isWritable(at: index) { append(before[index]) }
    }

    // MARK: Reading by kind

    /// How many fields are of the kind.
    package func count(of kind: Kind) -> Int {
        var count = 0
        for index in places.indices where places[index].kind == kind { count &+= 1 }
        return count
    }

    /// The first field of the kind: its value, without the white space around it.
    package func first(_ kind: Kind) -> ArraySlice<UInt8>? {
        for index in places.indices where places[index].kind == kind { return value(at: index) }
        return nil
    }

    /// The values of all fields of the kind, without the white space around them.
    package func values(_ kind: Kind) -> [ArraySlice<UInt8>] {
        places.indices.filter { places[$0].kind == kind }.map(value)
    }

    /// Whether a member of the comma-separated lists of a kind is so (RFC 9110 §5.6.1).
    func lists(_ kind: Kind, where fits: (ArraySlice<UInt8>) -> Bool) -> Bool {
        for index in places.indices where places[index].kind == kind {
            if FieldText.list(value(at: index), contains: fits) { return true }
        }
        return false
    }

    /// Whether the lists of a kind name the token, whatever its case.
    package func lists(_ kind: Kind, _ token: FieldToken) -> Bool {
        lists(kind, where: token.isSame)
    }

    /// The members of all lists of a kind, trimmed, without the empty ones.
    package func members(of kind: Kind) -> [ByteString] {
        var members: [ByteString] = []
        _ = lists(kind) { member in
            members.append(ByteString(member))
            return false
        }
        return members
    }

    /// The first member of the lists of a kind.
    func firstMember(_ kind: Kind) -> ArraySlice<UInt8>? {
        var first: ArraySlice<UInt8>?
        _ = lists(kind) { member in
            first = member
            return true
        }
        return first
    }

    private func value(at index: Int) -> ArraySlice<UInt8> {
        FieldText.trimmed(bytes[Int(places[index].value)..<Int(places[index].end)])
    }

    // MARK: Reading by name

    /// The values of all fields of that name, compared without case.
    package func values(of name: String) -> [ByteString] {
        let token = FieldToken(name)
        var values: [ByteString] = []
        for index in places.indices where token.isSame(nameBytes(at: index)) {
            values.append(ByteString(bytes[Int(places[index].value)..<Int(places[index].end)]))
        }
        return values
    }

    private func nameStart(_ index: Int) -> Int { index == 0 ? 0 : Int(places[index &- 1].end) }

    private func nameBytes(at index: Int) -> ArraySlice<UInt8> { bytes[nameStart(index)..<Int(places[index].value)] }

    // MARK: Being written

    /// Appends the fields as lines (RFC 9112 §5).
    ///
    /// - Returns: whether all of them can be written. Nothing is to be sent where not.
    func write(to head: inout [UInt8]) -> Bool {
        head.reserveCapacity(head.count &+ bytes.count &+ places.count &* 4)
        for index in places.indices {
            guard isWritable(at: index) else { return false }
            head += nameBytes(at: index)
            head.append(0x3A)
            head.append(0x20)
            head += bytes[Int(places[index].value)..<Int(places[index].end)]
            head.append(0x0D)
            head.append(0x0A)
        }
        return true
    }

    private func isWritable(at index: Int) -> Bool {
        let (start, value, end) = (nameStart(index), Int(places[index].value), Int(places[index].end))
        return FieldText.isToken(bytes.span.extracting(start..<value))
            && !FieldText.isUnsafe(bytes.span.extracting(value..<end))
    }

    // MARK: Being read, byte by byte

    /// A field begins: what is appended is its name.
    mutating func begin() {
        if places.capacity == 0 { reserve() }
        let end = UInt32(truncatingIfNeeded: bytes.count)
        places.append(Place(value: end, end: end, kind: .other))
    }

    private mutating func reserve() {
        bytes.reserveCapacity(512)
        places.reserveCapacity(16)
    }

    /// Bytes of the name or value in hand.
    mutating func append(_ part: Span<UInt8>) {
        unsafe part.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    /// The name in hand is over: what is appended is its value.
    mutating func endName() {
        guard let last = places.indices.last else { return }
        places[last].value = UInt32(truncatingIfNeeded: bytes.count)
        places[last].kind = FieldNames.kind(bytes[nameStart(last)...])
    }

    /// Whether the name in hand is a token.
    var isNameWell: Bool {
        guard let last = places.indices.last else { return false }
        return FieldText.isToken(bytes.span.extracting(nameStart(last)...))
    }

    /// Whether nothing of the value in hand came yet.
    var isValueEmpty: Bool { places.last.map { Int($0.value) == bytes.count } ?? true }

    /// The field in hand is over. White space behind its value is none of it.
    mutating func endField() {
        guard let last = places.indices.last else { return }
        while bytes.count > Int(places[last].value), let byte = bytes.last, FieldText.isWhitespace(byte) {
            bytes.removeLast()
        }
        places[last].end = UInt32(truncatingIfNeeded: bytes.count)
    }
}

extension HeaderFields: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { places.count }

    package subscript(position: Int) -> Handshake.Field {
        let place = places[position]
        return Handshake.Field(
            name: String(decoding: bytes[nameStart(position)..<Int(place.value)], as: UTF8.self),
            value: ByteString(bytes[Int(place.value)..<Int(place.end)]))
    }
}

/// A word that a field, its name or a member of its list may be, whatever its case.
package struct FieldToken: Sendable {
    private let lowercase: [UInt8]

    package init(_ text: String) { lowercase = text.utf8.map(asciiLowercased) }

    package init(_ text: ByteString) { lowercase = text.bytes.map(asciiLowercased) }

    /// Whether a text begins so.
    func begins(_ text: ArraySlice<UInt8>) -> Bool { isSame(text.prefix(lowercase.count)) }

    package func isSame(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count == lowercase.count else { return false }
        // Names of one length mostly differ at the end: sec-websocket-key and others begin alike.
        var index = lowercase.count
        while index > 0 {
            index &-= 1
            if asciiLowercased(text[text.startIndex &+ index]) != lowercase[index] { return false }
        }
        return true
    }

    package static let websocket = FieldToken("websocket")
    package static let upgrade = FieldToken("upgrade")
}

/// The names of fields that have a kind, found by length first.
private enum FieldNames {
    private static let byLength: [[(kind: HeaderFields.Kind, name: FieldToken)]] = {
        var table: [[(kind: HeaderFields.Kind, name: FieldToken)]] = Array(repeating: [], count: 32)
        let ofThisHop = ["keep-alive", "te", "trailer", "expect", "http2-settings"].map { (HeaderFields.Kind.hop, $0) }
        let own = HeaderFields.Kind.allCases.compactMap { kind in kind.name.map { (kind, $0) } }
        for (kind, name) in own + ofThisHop where table.indices.contains(name.utf8.count) {
            table[name.utf8.count].append((kind, FieldToken(name)))
        }
        return table
    }()

    private static let prefixes: [(kind: HeaderFields.Kind, prefix: FieldToken)] = [
        (.xForwardedOther, FieldToken("x-forwarded-")), (.hop, FieldToken("proxy-")),
        (.hop, FieldToken("sec-websocket-")),
    ]

    static func kind(_ name: ArraySlice<UInt8>) -> HeaderFields.Kind {
        if byLength.indices.contains(name.count) {
            for known in byLength[name.count] where known.name.isSame(name) { return known.kind }
        }
        for known in prefixes where known.prefix.begins(name) { return known.kind }
        return .other
    }
}

extension HeaderFields.Kind {
    /// nil where it has more than one.
    fileprivate var name: String? {
        switch self {
        case .other, .xForwardedOther, .hop: nil
        case .forwarded: "forwarded"
        case .host: "host"
        case .upgrade: "upgrade"
        case .connection: "connection"
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .origin: "origin"
        case .cookie: "cookie"
        case .userAgent: "user-agent"
        case .xForwardedFor: "x-forwarded-for"
        case .xForwardedHost: "x-forwarded-host"
        case .xForwardedPort: "x-forwarded-port"
        case .xForwardedProto: "x-forwarded-proto"
        case .secWebSocketKey: "sec-websocket-key"
        case .secWebSocketVersion: "sec-websocket-version"
        case .secWebSocketProtocol: "sec-websocket-protocol"
        case .secWebSocketExtensions: "sec-websocket-extensions"
        case .secWebSocketAccept: "sec-websocket-accept"
        }
    }
}
