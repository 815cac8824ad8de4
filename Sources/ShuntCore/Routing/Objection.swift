/// Why a well-formed message of a client cannot be taken: parsers would read it in more than one way, or it says what
/// cannot be carried.
struct Objection: Sendable, Hashable {
    var code: ErrorCode
    /// The slot of the member that is to blame, or -1.
    var slot = -1
    /// A text for people.
    var detail: String
}

/// The members of clients' messages that decide: where a message goes, what it is, which conversation it is of, whose
/// reply is its reply. A token decides nothing: all copies of it are cut.
struct DecidingMembers: Sendable {
    /// The address, most significant first.
    let address: [Int]
    /// All others.
    let others: [Int]
    /// Slots whose values must come back as they went.
    let ids: [Int]
    /// The objects on the way to members of dotted paths, and wrappers that some upstream has taken off; nil where there
    /// are none.
    private let parents: KeySet?
    /// Objects that only one of may be there, because they become one where the wrapper is taken off.
    private let doubled: [(beside: Int, inside: Int)]

    init(
        address: [String], kind: String, conversation: String, correlations: [String], wrappers: [String],
        doubled: [(beside: String, inside: String)], keys: KeySet
    ) {
        self.address = address.compactMap { keys.slot($0) }
        ids = ([conversation] + correlations).compactMap { keys.slot($0) }
        others = ids + [kind].compactMap { keys.slot($0) }
        let paths = wrappers + Placement.parents(of: address + [kind, conversation] + correlations)
        self.doubled = doubled.compactMap { pair in
            guard let beside = keys.slot(pair.beside), let inside = keys.slot(pair.inside) else { return nil }
            return (beside, inside)
        }
        parents = paths.isEmpty ? nil : KeySet(paths)
    }

    /// The objection to a message that was scanned to its end; nil for nothing. Not for the message path: it
    /// is asked where `Envelope.oddities` are.
    ///
    /// - Parameter isAddressed: the message names its route itself; else what it names is overwritten.
    func objection(
        to envelope: borrowing Envelope, keys: KeySet, _ bytes: Span<UInt8>, isAddressed: Bool
    ) -> Objection? {
        if envelope.oddities.contains(.nulInName) {
            return Objection(code: .badMember, detail: "A member's name holds U+0000")
        }
        let deciding = others + address.filter { isAddressed || !keys.isTop($0) }
        if envelope.oddities.contains(.repeatedParent), let name = repeatedParent(bytes) {
            return Objection(
                code: .ambiguousMember,
                detail: "\(name) stands there twice, and backends do not agree which one counts")
        }
        for pair in doubled where envelope.value(pair.beside) != nil && envelope.value(pair.inside) != nil {
            return Objection(
                code: .ambiguousMember,
                detail:
                    "\(keys.path(pair.beside) ?? "") and \(keys.path(pair.inside) ?? "") are both there, and become "
                    + "one member on the way to the backend")
        }
        for slot in deciding where envelope.oddities.contains(.repeated) && envelope.disagrees(slot, bytes) {
            return Objection(
                code: .ambiguousMember, slot: slot,
                detail: "\(keys.path(slot) ?? "") stands there twice with different values, and backends do not agree "
                    + "which one counts")
        }
        for slot in ids {
            guard let value = envelope.value(slot), !JSONContent.canReturn(bytes, value) else { continue }
            return Objection(
                code: .badMember, slot: slot,
                detail: "\(keys.path(slot) ?? "") holds U+0000 or half of a surrogate pair, which no backend gives back"
            )
        }
        return nil
    }

    /// The path of an object on the way to a deciding member that stands there twice.
    private func repeatedParent(_ bytes: Span<UInt8>) -> String? {
        guard let parents else { return nil }
        var probe = Envelope()
        guard probe.scan(bytes, for: parents, nesting: .max, early: false) == .object else { return nil }
        return (0..<parents.count).first { probe.occurs($0) > 1 }.flatMap { parents.path($0) }
    }
}

extension Envelope {
    /// How often a slot's member stands there.
    func occurs(_ slot: Int) -> Int {
        (0..<occurrenceCount).count { Int(self[$0].slot) == slot }
    }

    /// Whether a slot's member stands there with different values.
    func disagrees(_ slot: Int, _ bytes: Span<UInt8>) -> Bool {
        guard let last = value(slot) else { return occurs(slot) > 1 }
        return (0..<occurrenceCount).contains { index in
            Int(self[index].slot) == slot && !JSONString.same(bytes, self[index].value, bytes, last)
        }
    }
}
