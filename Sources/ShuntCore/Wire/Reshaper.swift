/// Edits on the top-level members of one message, gathered and then made in one pass by splicing. Reused from message
/// to message; it never copies what it does not change, but for small values that move.
///
/// `begin`, then programs, `set` and `drop` in any order, then `finish`. What no edit names stays byte for byte, in
/// place; changed and added members come before the closing brace. Slots are those of the `KeySet` that the message was
/// scanned for; one that does not exist is ignored.
///
/// A slot of a dotted path can be set or dropped where it stands; setting one that is absent does nothing.
package struct Reshaper: Sendable {
    /// Where a value's bytes are.
    private enum Origin: UInt8, Sendable {
        case absent
        case message
        /// `text` of this reshaper.
        case text
    }

    /// What a slot holds now.
    private struct Entry: Sendable {
        var origin = Origin.absent
        var value = JSONValue(kind: .null, start: 0, end: 0, mayEscape: false)
        /// The message holds it, be it in a duplicate that does not count.
        var occurs = false
        /// It is one level down: it is edited where it stands.
        var isNested = false
        /// It is not what the message says: all its occurrences go.
        var isCut = false
        /// It is in `order`.
        var isListed = false
        /// It was in the message, or was touched: it must be cleared for the next message.
        var isUsed = false
    }

    /// A member that comes before the closing brace of the message (layer 0) or of the wrapper of that layer.
    private struct Addition: Sendable {
        var layer: Int
        var slot: Int
        var origin: Origin
        var value: JSONValue
    }

    private var entries: [Entry] = []
    private var used: [Int] = []
    /// Changed slots of the present layer, in the order of their first change.
    private var order: [Int] = []
    /// What layers below the present one add.
    private var additions: [Addition] = []
    /// The quoted names of wrappers in `text`, the innermost first.
    private var wrappers: [(start: Int, end: Int)] = []
    private var text: [UInt8] = []
    private var edits: [Edit] = []

    /// Values of more bytes than this move as a piece of the message, smaller ones are copied.
    private static let smallValue = 64

    package init() {}

    /// Starts with what the message says.
    package mutating func begin(_ envelope: borrowing Envelope) {
        for slot in used { entries[slot] = Entry() }
        used.removeAll(keepingCapacity: true)
        order.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        if !additions.isEmpty { additions.removeAll(keepingCapacity: true) }
        if !wrappers.isEmpty { wrappers.removeAll(keepingCapacity: true) }
        for index in 0..<envelope.occurrenceCount {
            let slot = Int(envelope.occurrences[index].slot)
            guard slot >= 0 else { continue }
            reach(slot)
            entries[slot].occurs = true
            entries[slot].isNested = envelope.occurrences[index].role == .nested
            guard let value = envelope.value(slot) else { continue }
            entries[slot].origin = .message
            entries[slot].value = value
        }
    }

    /// Whether the member is there now.
    package func isPresent(_ slot: Int) -> Bool {
        slot >= 0 && slot < entries.count && entries[slot].origin != .absent
    }

    /// The JSON text of a slot's present value; nil when it is absent. Allocates.
    package func value(_ slot: Int, _ bytes: Span<UInt8>) -> [UInt8]? {
        guard isPresent(slot) else { return nil }
        let entry = entries[slot]
        if entry.origin == .text { return Array(text[entry.value.start..<entry.value.end]) }
        return bytes.covers(entry.value.start, entry.value.end)
            ? JSONString.copy(bytes, entry.value.start, entry.value.end) : nil
    }

    /// Whether the slot's present value is a string that says `content`.
    package func equals(_ slot: Int, _ bytes: Span<UInt8>, _ content: [UInt8]) -> Bool {
        guard isPresent(slot) else { return false }
        let entry = entries[slot]
        return entry.origin == .text
            ? JSONString.equals(text.span, entry.value, content) : JSONString.equals(bytes, entry.value, content)
    }

    // MARK: Edits

    /// Applies a program's rules in their order. After a `wrap`, all further edits are about members beside the wrapper.
    package mutating func apply(_ program: borrowing ReshapeProgram, _ bytes: Span<UInt8>) {
        for index in program.steps.indices {
            switch program.steps[index] {
            case .rename(let from, let to):
                guard isPresent(from), !isPresent(to), from != to else { continue }
                copy(from, to)
                drop(from)
            case .map(let slot, let values, let replacements):
                guard isPresent(slot) else { continue }
                let entry = entries[slot]
                let found =
                    entry.origin == .text ? values.find(text.span, entry.value) : values.find(bytes, entry.value)
                if let found, found < replacements.count {
                    let replacement = replacements[found]
                    set(slot, replacement.span, .string, mayEscape: true)
                }
            case .fallback(let slot, let json, let kind):
                if !isPresent(slot) { set(slot, json.span, kind, mayEscape: true) }
            case .copy(let from, let to):
                if isPresent(from) && !isPresent(to) { copy(from, to) }
            case .set(let slot, let json, let kind):
                set(slot, json.span, kind, mayEscape: true)
            case .drop(let slot):
                drop(slot)
            case .wrap(let name):
                wrap(name)
            }
        }
    }

    /// Removes a member, all duplicates of it.
    package mutating func drop(_ slot: Int) {
        guard slot >= 0, slot < entries.count, !isClosed(slot) else { return }
        if wrappers.isEmpty && entries[slot].occurs { entries[slot].isCut = true }
        entries[slot].origin = .absent
    }

    /// Sets a member to a JSON text, there or not. The text is taken to be well-formed.
    package mutating func set(_ slot: Int, json: Span<UInt8>) {
        set(slot, json, Reshaper.kind(json), mayEscape: true)
    }

    package mutating func set(_ slot: Int, json: [UInt8]) {
        set(slot, json.span, Reshaper.kind(json.span), mayEscape: true)
    }

    private mutating func set(_ slot: Int, _ json: Span<UInt8>, _ kind: JSONKind, mayEscape: Bool) {
        guard slot >= 0 else { return }
        reach(slot)
        if isClosed(slot) { return }
        let start = text.count
        unsafe json.withUnsafeBufferPointer { unsafe text.append(contentsOf: $0) }
        entries[slot].origin = .text
        entries[slot].value = JSONValue(kind: kind, start: start, end: text.count, mayEscape: mayEscape)
        change(slot)
    }

    private mutating func copy(_ from: Int, _ to: Int) {
        reach(to)
        entries[to].origin = entries[from].origin
        entries[to].value = entries[from].value
        change(to)
    }

    private mutating func change(_ slot: Int) {
        if wrappers.isEmpty { entries[slot].isCut = true }
        if !entries[slot].isListed {
            entries[slot].isListed = true
            order.append(slot)
        }
    }

    /// Closes the present layer: its members are inside of the wrapper now.
    private mutating func wrap(_ name: [UInt8]) {
        let layer = wrappers.count
        for slot in order where entries[slot].origin != .absent && !entries[slot].isNested {
            additions.append(
                Addition(layer: layer, slot: slot, origin: entries[slot].origin, value: entries[slot].value))
        }
        order.removeAll(keepingCapacity: true)
        for slot in used where !entries[slot].isNested {
            entries[slot].origin = .absent
            entries[slot].isListed = false
        }
        let start = text.count
        text.append(contentsOf: name)
        wrappers.append((start, text.count))
    }

    /// A member one level down, inside of a wrapper.
    private func isClosed(_ slot: Int) -> Bool { !wrappers.isEmpty && entries[slot].isNested }

    /// Makes room for a slot and remembers to clear it.
    private mutating func reach(_ slot: Int) {
        while entries.count <= slot { entries.append(Entry()) }
        if !entries[slot].isUsed {
            entries[slot].isUsed = true
            used.append(slot)
        }
    }

    /// What a well-formed JSON text is, by its first byte.
    private static func kind(_ json: Span<UInt8>) -> JSONKind {
        switch json.byte(at: 0) {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"): .true
        case UInt8(ascii: "f"): .false
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    // MARK: Making the splice

    /// A range of the message that goes, and the slot whose value comes in its place, or -1.
    private struct Edit: Sendable {
        var start: Int
        var end: Int
        var slot: Int
    }

    /// The edited message. Its pieces are good as long as the message and `target` are.
    package mutating func finish(
        _ envelope: borrowing Envelope, keys: borrowing KeySet, _ bytes: Span<UInt8>, into target: inout SpliceBuffer
    ) -> Splice {
        let kept = collectEdits(envelope)
        let layers = wrappers.count
        for slot in order where entries[slot].origin != .absent && !entries[slot].isNested {
            additions.append(
                Addition(layer: layers, slot: slot, origin: entries[slot].origin, value: entries[slot].value))
        }
        if edits.isEmpty && additions.isEmpty && layers == 0 { return target.splice(messageOf: bytes.count) }

        var writer = SpliceWriter(target)
        for layer in stride(from: layers - 1, through: 0, by: -1) {
            writer.literal(UInt8(ascii: "{"), &target)
            writer.literal(text.span, wrappers[layer].start, wrappers[layer].end, &target)
            writer.literal(UInt8(ascii: ":"), &target)
        }
        var position = 0
        for edit in edits where edit.end > position {
            writer.message(position, max(position, edit.start), &target)
            position = edit.end
            if edit.slot >= 0 { write(entries[edit.slot].origin, entries[edit.slot].value, bytes, &writer, &target) }
        }
        writer.message(position, envelope.closeBrace, &target)
        var isFirst = kept == 0
        var layer = 0
        for addition in additions where isTop(addition.slot, keys) {
            while layer < addition.layer {
                if layer == 0 { writer.message(envelope.closeBrace, bytes.count, &target) }
                if layer > 0 { writer.literal(UInt8(ascii: "}"), &target) }
                layer += 1
                isFirst = false
            }
            if !isFirst { writer.literal(UInt8(ascii: ","), &target) }
            isFirst = false
            writer.literal(
                keys.labels.span, keys.labelStarts[addition.slot], keys.labelStarts[addition.slot + 1], &target)
            write(addition.origin, addition.value, bytes, &writer, &target)
        }
        while layer <= layers {
            if layer == 0 { writer.message(envelope.closeBrace, bytes.count, &target) }
            if layer > 0 { writer.literal(UInt8(ascii: "}"), &target) }
            layer += 1
        }
        return writer.finish(&target)
    }

    private func isTop(_ slot: Int, _ keys: borrowing KeySet) -> Bool { slot < keys.count && keys.isTop[slot] }

    private func write(
        _ origin: Origin, _ value: JSONValue, _ bytes: Span<UInt8>, _ writer: inout SpliceWriter,
        _ target: inout SpliceBuffer
    ) {
        if origin == .text {
            writer.literal(text.span, value.start, value.end, &target)
        } else if value.end - value.start <= Reshaper.smallValue {
            writer.literal(bytes, value.start, value.end, &target)
        } else {
            writer.message(value.start, value.end, &target)
        }
    }

    /// Lists what goes, in the order of the message, and counts the members of the top level that stay.
    private mutating func collectEdits(_ envelope: borrowing Envelope) -> Int {
        edits.removeAll(keepingCapacity: true)
        var kept = envelope.memberCount
        var top = Run()
        var nested = Run()
        for index in 0..<envelope.occurrenceCount {
            let occurrence = envelope.occurrences[index]
            let slot = Int(occurrence.slot)
            switch occurrence.role {
            case .opening, .closing:
                edits.append(Edit(start: occurrence.start, end: occurrence.next, slot: -1))
            case .member, .hollow:
                guard occurrence.role == .hollow || entries[slot].isCut else { continue }
                kept -= 1
                cut(occurrence, &top)
            case .nested:
                guard entries[slot].isCut else { continue }
                if entries[slot].origin == .absent {
                    cut(occurrence, &nested)
                } else {
                    edits.append(Edit(start: occurrence.value.start, end: occurrence.value.end, slot: slot))
                }
            }
        }
        return kept
    }

    /// Members of one object that go and stand side by side.
    private struct Run {
        var start = -1
        var end = -1
    }

    /// A member goes with the comma behind it. At the end of an object there is none: then the whole run of members
    /// that go is cut from the end of the last one that stays.
    private mutating func cut(_ occurrence: Envelope.Occurrence, _ run: inout Run) {
        if run.end != occurrence.previousEnd { run.start = occurrence.previousEnd }
        run.end = occurrence.value.end
        if occurrence.next >= 0 {
            edits.append(Edit(start: occurrence.start, end: occurrence.next, slot: -1))
            return
        }
        while let last = edits.last, last.start >= run.start { edits.removeLast() }
        edits.append(Edit(start: run.start, end: run.end, slot: -1))
    }
}
