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
            if edit.slot >= 0 { writer.value(entries[edit.slot].value, text.span, bytes, &target) }
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
        let occurrences = envelope.occurrences.span
        for index in 0..<envelope.occurrenceCount {
            let occurrence = occurrences[index]
            let slot = Int(occurrence.slot)
            switch occurrence.role {
            case .opening, .closing:
                edits.append(start: occurrence.start, end: occurrence.next)
            case .hollow:
                kept -= 1
                edits.cut(occurrence, &top)
            case .member:
                guard slot < entries.count, goes(entries[slot].flags, envelope, index) else { continue }
                kept -= 1
                edits.cut(occurrence, &top)
            case .nested:
                guard slot < entries.count, goes(entries[slot].flags, envelope, index) else { continue }
                let value = entries[slot].value
                if value.origin == .absent || !entries[slot].flags.contains(.cut) {
                    edits.cut(occurrence, &nested)
                } else {
                    edits.append(start: occurrence.value.start, end: occurrence.value.end, slot: slot)
                    edits.literalBytes &+= value.copied
                }
            }
        }
        return kept
    }

    /// Whether an occurrence does not stay as it is.
    @inline(__always)
    private func goes(_ flags: Flags, _ envelope: borrowing Envelope, _ index: Int) -> Bool {
        flags.contains(.cut) || flags.contains(.single) && !envelope.counts(index)
    }
}
