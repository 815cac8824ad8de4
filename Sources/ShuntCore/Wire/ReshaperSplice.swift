/// Making the splice of a message from the edits on it, in one pass.
extension Reshaper {
    /// The edited message. Its pieces are good as long as the message and `target` are.
    package mutating func finish(
        _ envelope: borrowing Envelope, keys: borrowing KeySet, _ bytes: Span<UInt8>, into target: inout SpliceBuffer
    ) -> Splice {
        let kept = collectEdits(envelope)
        if edits.isEmpty && firstChanged < 0 && wrappers.isEmpty { return target.splice(messageOf: bytes.count) }
        // Everything that will be literal fits: each layer may have each name once; one value may stand at several.
        var size = (keys.labels.count &+ 4) &* (wrappers.count &+ 1) &+ textCount &+ edits.literalBytes
        for addition in additions { size &+= addition.value.copied }
        var slot = Int(firstChanged)
        while slot >= 0 {
            size &+= entries[slot].value.copied
            slot = Int(entries[slot].next)
        }
        var room: [UInt8] = []
        swap(&room, &target.literalRoom)
        defer { swap(&room, &target.literalRoom) }
        let used = target.literalCount
        if room.count < used &+ size {
            room.append(contentsOf: repeatElement(0, count: max(256, (used &+ size) &* 2) &- room.count))
        }
        return unsafe room.withUnsafeMutableBytes { room in
            var writer = unsafe SpliceWriter(UnsafeMutableRawBufferPointer(rebasing: room[used...]), target)
            return write(envelope, keys, bytes, kept: kept, &writer, &target)
        }
    }

    private mutating func write(
        _ envelope: borrowing Envelope, _ keys: borrowing KeySet, _ bytes: Span<UInt8>, kept: Int,
        _ writer: inout SpliceWriter, _ target: inout SpliceBuffer
    ) -> Splice {
        var index = wrappers.count &- 1
        while index >= 0 {
            writer.literal(UInt8(ascii: "{"), &target)
            writer.literal(text.span, wrappers[index].value.start, wrappers[index].value.end, &target)
            writer.literal(UInt8(ascii: ":"), &target)
            index &-= 1
        }
        var position = 0
        for index in 0..<edits.count {
            let edit = edits[index]
            guard edit.end > position else { continue }
            writer.message(position, max(position, edit.start), &target)
            position = edit.end
            if edit.slot >= 0 {
                writer.value(entries[edit.slot].value, text.span, bytes, &target)
            } else if edit.slot <= EditList.firstOpening {
                let (opening, hasMore) = EditList.opening(edit.slot)
                guard openings.indices.contains(opening) else { continue }
                let value = openings[opening].value
                writer.literal(UInt8(ascii: "{"), &target)
                writer.literal(text.span, value.start, value.end &- (hasMore ? 0 : 1), &target)
            }
        }
        writer.message(position, envelope.closeBrace, &target)

        var isFirst = kept == 0
        var layer = 0
        index = 0
        while layer < wrappers.count {
            while index < additions.count && additions[index].layer == layer {
                writer.member(
                    additions[index].slot, additions[index].value, isFirst, keys, text.span, bytes, &target)
                isFirst = false
                index &+= 1
            }
            close(layer, envelope, bytes, &writer, &target)
            isFirst = false
            layer &+= 1
        }
        var slot = Int(firstChanged)
        while slot >= 0 {
            if entries[slot].value.origin != .absent && keys.isTop(slot) {
                writer.member(slot, entries[slot].value, isFirst, keys, text.span, bytes, &target)
                isFirst = false
            }
            slot = Int(entries[slot].next)
        }
        close(layer, envelope, bytes, &writer, &target)
        return writer.finish(&target)
    }

    /// The closing brace of the message, or of the wrapper around it.
    private func close(
        _ layer: Int, _ envelope: borrowing Envelope, _ bytes: Span<UInt8>, _ writer: inout SpliceWriter,
        _ target: inout SpliceBuffer
    ) {
        if layer == 0 {
            writer.message(envelope.closeBrace, bytes.count, &target)
        } else {
            writer.literal(UInt8(ascii: "}"), &target)
        }
    }

    /// Lists what goes, in the order of the message, and counts the members of the top level that stay.
    private mutating func collectEdits(_ envelope: borrowing Envelope) -> Int {
        edits.removeAll()
        var kept = envelope.memberCount
        var top = EditList.Run()
        var nested = EditList.Run()
        for index in 0..<envelope.occurrenceCount {
            let occurrence = envelope[index]
            let slot = Int(occurrence.slot)
            switch occurrence.role {
            case .opening, .closing:
                edits.append(start: occurrence.start, end: occurrence.next)
            case .hollow:
                kept -= 1
                edits.cut(occurrence, &top)
            case .member:
                guard slot < entries.count, isEdited(entries[slot].flags) else { continue }
                if entries[slot].flags.contains(.gains), gains(slot, occurrence, envelope, index) { continue }
                guard goes(entries[slot].flags, envelope, index) else { continue }
                kept -= 1
                edits.cut(occurrence, &top)
            case .nested:
                guard slot < entries.count, isEdited(entries[slot].flags) else { continue }
                if entries[slot].flags.contains(.gains), gains(slot, occurrence, envelope, index) { continue }
                let flags = entries[slot].flags
                guard goes(flags, envelope, index) else { continue }
                let value = entries[slot].value
                let isSpare = flags.contains(.single) && !envelope.counts(index)
                if value.origin == .absent || !flags.contains(.cut) || isSpare {
                    edits.cut(occurrence, &nested)
                } else {
                    edits.append(start: occurrence.value.start, end: occurrence.value.end, slot: slot)
                    edits.literalBytes &+= value.copied
                }
            }
        }
        return kept
    }

    @inline(__always)
    private func isEdited(_ flags: Flags) -> Bool { !flags.isDisjoint(with: .edited) }

    /// Lists what is added to an object that stays where it is; false where it is none.
    private mutating func gains(
        _ slot: Int, _ occurrence: Envelope.Occurrence, _ envelope: borrowing Envelope, _ index: Int
    ) -> Bool {
        let flags = entries[slot].flags
        guard !flags.contains(.cut), envelope.counts(index),
            let opening = openings.firstIndex(where: { $0.slot == slot })
        else { return false }
        edits.open(occurrence.value.start, opening, hasMore: !openings[opening].isEmpty)
        return true
    }

    /// Whether an occurrence does not stay as it is.
    @inline(__always)
    private func goes(_ flags: Flags, _ envelope: borrowing Envelope, _ index: Int) -> Bool {
        flags.contains(.cut) || flags.contains(.single) && !envelope.counts(index)
    }
}
