import ShuntCore

/// A message scanned, edited and put together again, as text.
func reshape(
    _ message: String, keys: KeySet, early: Bool = false, _ edit: (inout Reshaper, Span<UInt8>) -> Void
) -> String {
    let bytes = utf8(message)
    var envelope = Envelope()
    let result = envelope.scan(bytes.span, for: keys, nesting: 128, early: early)
    guard result == .object else { return "\(result)" }
    var reshaper = Reshaper()
    reshaper.begin(envelope)
    edit(&reshaper, bytes.span)
    var buffer = SpliceBuffer()
    let splice = reshaper.finish(envelope, keys: keys, bytes.span, into: &buffer)
    let made = buffer.bytes(of: splice, message: bytes.span)
    return made.count == splice.length ? String(decoding: made, as: UTF8.self) : "a splice of another length"
}

/// A message as these rules make it.
func reshape(_ message: String, _ rules: ReshapeRules) throws -> String {
    let keys = KeySet(ReshapeProgram.paths(of: rules), unwrap: rules.unwrap)
    let program = try ReshapeProgram(rules, keys: keys)
    return reshape(message, keys: keys) { reshaper, bytes in reshaper.apply(program, bytes) }
}

/// Rules by a closure that fills them in.
func rules(_ fill: (inout ReshapeRules) -> Void) -> ReshapeRules {
    var rules = ReshapeRules()
    fill(&rules)
    return rules
}

extension ReshapeRules.Move {
    init(_ from: String, _ to: String) { self.init(from: from, to: to) }
}
extension ReshapeRules.Assignment {
    init(_ field: String, _ json: String) { self.init(field: field, json: json) }
}

/// What the rules mean, on lists of members: the second opinion for random rules and messages.
struct ReshapeModel {
    struct Member: Equatable {
        var name: String
        var raw: String
        /// Name, colon and value as they came; nil for a member that was added.
        var whole: String?
    }

    /// What is in place, the value of each member now, and which were changed, in that order.
    private var inPlace: [Member] = []
    private var now: [String: String] = [:]
    private var changed: [String] = []
    private var wrapper: (name: String, members: [Member])?

    init?(_ message: String, unwrap: String?) {
        guard let members = NaiveJSON(utf8(message))?.members else { return nil }
        for member in members {
            if let unwrap, member.name == Array(unwrap.utf16), let inner = member.value.members {
                inPlace += inner.map(Self.member)
            } else {
                inPlace.append(Self.member(member))
            }
        }
        for member in inPlace { now[member.name] = member.raw }
    }

    static func member(_ naive: NaiveJSON.Member) -> Member {
        Member(
            name: String(decoding: naive.name, as: UTF16.self), raw: String(decoding: naive.raw, as: UTF8.self),
            whole: String(decoding: naive.whole, as: UTF8.self))
    }

    mutating func apply(_ rules: ReshapeRules) {
        for move in rules.rename where now[move.to] == nil {
            guard let value = now[move.from] else { continue }
            set(move.to, value)
            drop(move.from)
        }
        for map in rules.map {
            guard let raw = now[map.field] else { continue }
            var units: [UInt16]?
            if case .string(let said) = NaiveJSON(utf8(raw)) { units = said }
            let last = inPlace.lastIndex { $0.name == map.field }
            guard let to = map.values.first(where: { Array($0.from.utf16) == units })?.to else {
                // Earlier duplicates of what stays as it is go.
                inPlace = inPlace.enumerated().filter { $0.element.name != map.field || $0.offset == last }.map(
                    \.element)
                continue
            }
            var quoted: [UInt8] = []
            JSONString.appendQuoted(utf8(to), to: &quoted)
            set(map.field, String(decoding: quoted, as: UTF8.self))
        }
        for assignment in rules.defaults where now[assignment.field] == nil { set(assignment.field, assignment.json) }
        for move in rules.copy where now[move.to] == nil {
            if let value = now[move.from] { set(move.to, value) }
        }
        for assignment in rules.set { set(assignment.field, assignment.json) }
        for name in rules.drop { drop(name) }
        if let wrap = rules.wrap {
            wrapper = (wrap, layer())
            (inPlace, now, changed) = ([], [:], [])
        }
    }

    mutating func set(_ name: String, _ raw: String) {
        inPlace.removeAll { $0.name == name }
        now[name] = raw
        if !changed.contains(name) { changed.append(name) }
    }

    mutating func drop(_ name: String) {
        inPlace.removeAll { $0.name == name }
        now[name] = nil
    }

    private func layer() -> [Member] {
        inPlace + changed.compactMap { name in now[name].map { Member(name: name, raw: $0) } }
    }

    /// Whether a message says what this model says: the same members in the same order, those that nobody named with
    /// the same bytes.
    func agrees(with message: String) -> Bool {
        guard var members = NaiveJSON(utf8(message))?.members else { return false }
        if let wrapper {
            guard let first = members.first, first.name == Array(wrapper.name.utf16),
                let inner = first.value.members
            else { return false }
            if !Self.agree(wrapper.members, inner) { return false }
            members.removeFirst()
        }
        return Self.agree(layer(), members)
    }

    private static func agree(_ expected: [Member], _ found: [NaiveJSON.Member]) -> Bool {
        expected.count == found.count
            && zip(expected, found).allSatisfy { expected, naive in
                let found = member(naive)
                return expected.name == found.name && expected.raw == found.raw
                    && (expected.whole == nil || expected.whole == found.whole)
            }
    }
}
