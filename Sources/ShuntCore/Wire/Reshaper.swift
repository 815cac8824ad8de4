/// Edits on the top-level members of one message, gathered and then made in one pass by splicing. Reused from message
/// to message; it never copies what it does not change, but for small values that move.
///
/// `begin`, then programs, `set` and `drop` in any order, then `finish`. What no edit names stays byte for byte, in
/// place; changed and added members come before the closing brace. Slots are those of the `KeySet` that the message was
/// scanned for; one that does not exist is ignored.
///
/// A slot of a dotted path can be set or dropped where it stands; setting one that is absent does nothing. `place` writes
/// it, there or not.
package struct Reshaper: Sendable {
    private(set) var entries: [Entry] = []
    private var turn: UInt32 = 0
    /// The list of changed slots of the present layer, in the order of their first change.
    private(set) var firstChanged: Int32 = -1
    private var lastChanged: Int32 = -1
    /// Additions of the layers below the present one.
    private(set) var additions: [Addition] = []
    /// The quoted names of wrappers in `text`, the innermost first.
    private(set) var wrappers: [ReshapedValue] = []
    /// Members put at the beginning of objects of the message: ranges of `text`, each with a comma behind it.
    private(set) var openings: [(slot: Int, value: JSONValue, isEmpty: Bool)] = []
    /// Values that came with edits: the first `textCount` bytes.
    private(set) var text: [UInt8] = []
    private(set) var textCount = 0
    var edits = EditList()

    package init() {}

    /// Starts with what the message says.
    package mutating func begin(_ envelope: borrowing Envelope) {
        turn &+= 1
        if turn == 0 {
            entries.removeAll(keepingCapacity: true)
            turn = 1
        }
        firstChanged = -1
        lastChanged = -1
        textCount = 0
        if !additions.isEmpty { additions.removeAll(keepingCapacity: true) }
        if !wrappers.isEmpty { wrappers.removeAll(keepingCapacity: true) }
        if !openings.isEmpty { openings.removeAll(keepingCapacity: true) }
        if envelope.occurrenceCount == 0 { return }
        makeRoom(envelope.slotCount)
        let turn = turn
        unsafe entries.withUnsafeMutableBufferPointer { entries in
            for index in 0..<envelope.occurrenceCount {
                let slot = Int(envelope[index].slot)
                guard slot >= 0, slot < entries.count else { continue }
                if unsafe entries[slot].turn != turn {
                    unsafe entries[slot].turn = turn
                    unsafe entries[slot].flags = .occurs
                } else {
                    unsafe entries[slot].flags.insert(.repeated)
                }
                unsafe entries[slot].value = ReshapedValue(.message, envelope[index].value)
                if envelope[index].role == .nested {
                    unsafe entries[slot].flags.insert(.nested)
                    // The parent's last duplicate may have none.
                    if envelope.value(slot) == nil { unsafe entries[slot].value.origin = .absent }
                }
            }
        }
    }

    /// Whether the member is there now.
    package func isPresent(_ slot: Int) -> Bool { present(slot).origin != .absent }

    /// The JSON text of a slot's present value; nil when it is absent. Allocates.
    package func value(_ slot: Int, _ bytes: Span<UInt8>) -> [UInt8]? {
        let value = present(slot).value
        switch present(slot).origin {
        case .absent: return nil
        case .text: return JSONString.copy(text.span, value.start, value.end)
        case .message:
            return bytes.covers(value.start, value.end) ? JSONString.copy(bytes, value.start, value.end) : nil
        }
    }

    /// Whether the slot's present value is a string that says `content`.
    package func equals(_ slot: Int, _ bytes: Span<UInt8>, _ content: [UInt8]) -> Bool {
        let value = present(slot).value
        return switch present(slot).origin {
        case .absent: false
        case .text: JSONString.equals(text.span, value, content)
        case .message: JSONString.equals(bytes, value, content)
        }
    }

    // MARK: Edits

    /// Applies a program's rules in their order. After a `wrap`, all further edits are about members beside the wrapper.
    package mutating func apply(_ program: borrowing ReshapeProgram, _ bytes: Span<UInt8>) {
        let literals = program.literals.span
        for index in 0..<program.steps.count {
            let step = program.steps[index]
            switch step.action {
            case .rename:
                guard isPresent(step.slot), !isPresent(step.to), step.slot != step.to else { continue }
                change(step.to, present(step.slot))
                drop(step.slot)
            case .map:
                let there = present(step.slot)
                let found =
                    switch there.origin {
                    case .absent: Int?.none
                    case .text: program.maps[step.to].find(text.span, there.value)
                    case .message: program.maps[step.to].find(bytes, there.value)
                    }
                guard let found, step.start &+ found < program.replacements.count else {
                    // What an earlier duplicate says, which might have been replaced, must not be read in its place.
                    keepLast(step.slot)
                    continue
                }
                set(step.slot, json: literals.extracting(program.replacements[step.start &+ found]))
            case .fallback:
                if !isPresent(step.slot) { set(step.slot, json: literals.extracting(step.start..<step.end)) }
            case .copy:
                if isPresent(step.slot) && !isPresent(step.to) { change(step.to, present(step.slot)) }
            case .set:
                set(step.slot, json: literals.extracting(step.start..<step.end))
            case .drop:
                drop(step.slot)
            case .wrap:
                wrap(literals.extracting(step.start..<step.end))
            }
        }
    }

    /// Removes a member, all duplicates of it.
    package mutating func drop(_ slot: Int) {
        guard slot >= 0, slot < entries.count, entries[slot].turn == turn else { return }
        let wrapped = !wrappers.isEmpty
        drop(&entries[slot], wrapped)
    }

    /// Keeps the last one of a member's duplicates, which is the one that counts here.
    package mutating func keepLast(_ slot: Int) {
        guard slot >= 0, slot < entries.count, entries[slot].turn == turn, wrappers.isEmpty else { return }
        if entries[slot].flags.contains(.repeated) { entries[slot].flags.insert(.single) }
    }

    /// Whether the message holds the member more than once.
    func isRepeated(_ slot: Int) -> Bool { held(slot).flags.contains(.repeated) }

    /// An object of the message gets members at its beginning: names and values, with a comma behind each.
    mutating func open(_ slot: Int, _ members: [UInt8], isEmpty: Bool) {
        guard slot >= 0, slot < entries.count, entries[slot].turn == turn else { return }
        entries[slot].flags.insert(.gains)
        openings.append((slot, keep(members.span), isEmpty))
    }

    @inline(__always)
    private func drop(_ entry: inout Entry, _ wrapped: Bool) {
        if wrapped {
            if entry.flags.contains(.nested) { return }
        } else if entry.flags.contains(.occurs) {
            entry.flags.insert(.cut)
        }
        entry.value.origin = .absent
    }

    /// Sets a member to a JSON text, there or not. The text is taken to be well-formed.
    package mutating func set(_ slot: Int, json: Span<UInt8>) {
        change(slot, ReshapedValue(.text, keep(json)))
    }

    package mutating func set(_ slot: Int, json: [UInt8]) {
        change(slot, ReshapedValue(.text, keep(json.span)))
    }

    private mutating func change(_ slot: Int, _ value: ReshapedValue) {
        guard slot >= 0, slot < Reshaper.mostSlots else { return }
        makeRoom(slot &+ 1)
        if change(&entries[slot], value, turn, !wrappers.isEmpty) {
            let place = Int32(truncatingIfNeeded: slot)
            if lastChanged >= 0 { entries[Int(lastChanged)].next = place } else { firstChanged = place }
            lastChanged = place
        }
    }

    /// True when the entry must be put in the list of changed ones.
    @inline(__always)
    private func change(_ entry: inout Entry, _ value: ReshapedValue, _ turn: UInt32, _ wrapped: Bool) -> Bool {
        if entry.turn != turn {
            entry.turn = turn
            entry.flags = []
        }
        if !wrapped {
            entry.flags.insert(.cut)
        } else if entry.flags.contains(.nested) {
            return false
        }
        entry.value = value
        if entry.flags.contains(.listed) { return false }
        entry.flags.insert(.listed)
        entry.next = -1
        return true
    }

    /// Closes the present layer: its members are inside of the wrapper now.
    private mutating func wrap(_ name: Span<UInt8>) {
        let layer = wrappers.count
        var slot = Int(firstChanged)
        while slot >= 0 {
            if entries[slot].value.origin != .absent && !entries[slot].flags.contains(.nested) {
                additions.append(Addition(layer: layer, slot: slot, value: entries[slot].value))
            }
            slot = Int(entries[slot].next)
        }
        firstChanged = -1
        lastChanged = -1
        for slot in entries.indices where entries[slot].turn == turn && !entries[slot].flags.contains(.nested) {
            entries[slot].value.origin = .absent
            entries[slot].flags.remove(.listed)
        }
        wrappers.append(ReshapedValue(.text, keep(name)))
    }

    // MARK: Storage

    /// A key set has no more slots than this.
    private static let mostSlots = 1 << 20

    @inline(__always)
    private mutating func makeRoom(_ slots: Int) {
        if entries.count < slots { entries.append(contentsOf: repeatElement(Entry(), count: slots &- entries.count)) }
    }

    @inline(__always)
    private func present(_ slot: Int) -> ReshapedValue {
        slot >= 0 && slot < entries.count && entries[slot].turn == turn ? entries[slot].value : .absent
    }

    /// The entry of a slot now.
    func held(_ slot: Int) -> Entry {
        slot >= 0 && slot < entries.count && entries[slot].turn == turn ? entries[slot] : Entry()
    }

    /// Copies a JSON text into `text`; what it is shows in its first byte.
    private mutating func keep(_ json: Span<UInt8>) -> JSONValue {
        let start = textCount
        let end = start &+ json.count
        if text.count < end { text.append(contentsOf: repeatElement(0, count: max(256, end &* 2 &- text.count))) }
        unsafe text.withUnsafeMutableBytes { text in
            unsafe json.withUnsafeBytes { json in
                guard let to = text.baseAddress, let from = json.baseAddress else { return }
                unsafe copyFew(from: from, to: to + start, count: json.count)
            }
        }
        textCount = end
        let kind: JSONKind =
            switch json.byte(at: 0) {
            case UInt8(ascii: "\""): .string
            case UInt8(ascii: "{"): .object
            case UInt8(ascii: "["): .array
            case UInt8(ascii: "t"): .true
            case UInt8(ascii: "f"): .false
            case UInt8(ascii: "n"): .null
            default: .number
            }
        return JSONValue(kind: kind, start: start, end: end)
    }
}
