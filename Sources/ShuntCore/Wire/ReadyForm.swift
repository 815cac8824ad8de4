/// The form of messages that lose the same members and gain the same ones, made once for all of them: what nothing else is
/// done to needs no `Reshaper`.
package struct ReadyForm: Sendable {
    /// The slots of the members that go, one bit each.
    let cut: UInt64
    /// The members that come behind what stays, each with a comma before it. Of the last one the name only, where its value
    /// is each message's own.
    let ending: [UInt8]

    /// - Parameters:
    ///   - members: what goes; what comes in its place, as JSON, or nil.
    ///   - open: the last member, whose value comes with each message.
    /// - Returns: nil where that takes more than a bit for each slot: a `Reshaper` does it.
    package init?(_ members: [(slot: Int, json: [UInt8]?)], open: Int? = nil, keys: KeySet) {
        let slots = members.map(\.slot) + (open.map { [$0] } ?? [])
        guard !keys.lifts, Set(slots).count == slots.count,
            slots.allSatisfy({ keys.isTop($0) && $0 < UInt64.bitWidth })
        else { return nil }
        cut = slots.reduce(0) { $0 | 1 &<< UInt64(truncatingIfNeeded: $1) }
        var ending: [UInt8] = []
        for (slot, json) in members {
            guard let json else { continue }
            ending += keys.labels[keys.label(slot)] + json
        }
        if let open { ending += keys.labels[keys.label(open)] }
        self.ending = ending
    }
}

extension SpliceBuffer {
    /// The scanned message without what a form cuts.
    package mutating func splice(
        _ form: borrowing ReadyForm, _ envelope: borrowing Envelope, _ bytes: Span<UInt8>
    ) -> Splice {
        let first = pieceCount
        let (position, cuts, length) = cut(form.cut, envelope)
        if cuts == 0 { return splice(messageOf: bytes.count) }
        return close(from: first, position, to: bytes.count, length)
    }

    /// The scanned message without what a form cuts, and with what it adds.
    ///
    /// - Parameter value: of the last member that is added.
    package mutating func splice(
        _ form: borrowing ReadyForm, value: [UInt8], _ envelope: borrowing Envelope, _ bytes: Span<UInt8>
    ) -> Splice {
        let first = pieceCount
        var (position, cuts, length) = cut(form.cut, envelope)
        let brace = envelope.closeBrace
        if brace > position {
            add(Piece(origin: .message, start: position, count: brace &- position))
            length &+= brace &- position
        }
        let start = literalCount
        // The first member of an object has no comma before it.
        let skipped = envelope.memberCount == cuts ? min(1, form.ending.count) : 0
        let size = form.ending.count &- skipped &+ value.count
        makeRoom(size &+ 1)
        unsafe literalRoom.withUnsafeMutableBytes { room in
            guard let room = room.baseAddress else { return }
            unsafe form.ending.withUnsafeBytes { from in
                guard let from = from.baseAddress else { return }
                unsafe copyFew(from: from + skipped, to: room + start, count: form.ending.count &- skipped)
            }
            unsafe value.withUnsafeBytes { from in
                guard let from = from.baseAddress else { return }
                let place = start &+ form.ending.count &- skipped
                unsafe copyFew(from: from, to: room + place, count: value.count)
            }
            unsafe room.storeBytes(of: UInt8(ascii: "}"), toByteOffset: start &+ size, as: UInt8.self)
        }
        // The message's own brace stands for ours where there is something behind it.
        let isLast = brace &+ 1 == bytes.count
        literalCount = start &+ size &+ (isLast ? 1 : 0)
        add(Piece(origin: .literal, start: start, count: literalCount &- start))
        length &+= literalCount &- start
        return close(from: first, isLast ? bytes.count : brace, to: bytes.count, length)
    }

    /// Adds what stays of the message before the last member that goes.
    ///
    /// - Returns: the place behind that member, how many go, and the bytes that were added.
    @inline(__always)
    private mutating func cut(_ slots: UInt64, _ envelope: borrowing Envelope) -> (Int, cuts: Int, length: Int) {
        var (position, cuts, length) = (0, 0, 0)
        // A run of members that go and stand side by side, with the end of the one that stays before them.
        var (before, start, next) = (0, -1, -1)
        for index in 0..<envelope.occurrenceCount {
            guard slots &>> UInt64(truncatingIfNeeded: envelope[index].slot) & 1 != 0,
                envelope[index].role == .member
            else { continue }
            cuts &+= 1
            if envelope[index].start != next {
                if start > position {
                    add(Piece(origin: .message, start: position, count: start &- position))
                    length &+= start &- position
                }
                if start >= 0 { position = next }
                before = envelope[index].previousEnd
                start = envelope[index].start
            }
            next = envelope[index].next
            if next < 0 {
                // At the end of an object there is no comma behind them, so that the one before them goes.
                start = before
                next = envelope[index].value.end
            }
        }
        if start > position {
            add(Piece(origin: .message, start: position, count: start &- position))
            length &+= start &- position
        }
        return (start >= 0 ? next : 0, cuts, length)
    }

    /// Adds the rest of the message to a splice.
    @inline(__always)
    private mutating func close(from first: Int, _ position: Int, to end: Int, _ length: Int) -> Splice {
        if end > position { add(Piece(origin: .message, start: position, count: end &- position)) }
        return Splice(
            firstPiece: Int32(truncatingIfNeeded: first), pieceCount: Int32(truncatingIfNeeded: pieceCount &- first),
            length: length &+ max(0, end &- position))
    }
}
