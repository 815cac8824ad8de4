import ShuntCore
import ShuntDeflate
import ShuntReactor

extension Leg {
    /// Appends a message of a socket that has compression, or that takes nothing any more.
    @inline(never)
    func appendOtherwise(_ splice: Splice, _ message: borrowing Span<UInt8>) {
        guard closing.isOpen, let compression else { return }
        guard compression.compresses(splice.length), let deflater = compression.readyDeflater(&worker.codecs) else {
            return appendPlain(splice, message)
        }
        var plain: [UInt8] = []
        var packed: [UInt8] = []
        swap(&plain, &worker.codecs.plain)
        swap(&packed, &worker.codecs.packed)
        defer {
            WorkerCodecs.giveBack(&plain, to: &worker.codecs.plain)
            WorkerCodecs.giveBack(&packed, to: &worker.codecs.packed)
        }
        guard let range = worker.turn.effects.splices.gather(splice, message: message, into: &plain) else {
            return worker.log.unwritable(length: splice.length)
        }
        guard let count = deflater.compress(plain.span.extracting(range), into: &packed) else {
            return worker.log.unwritable(length: splice.length)
        }
        worker.codecs.figures.sentPlain += splice.length
        worker.codecs.figures.sentCompressed += count
        let payload = packed.span.extracting(0..<count)
        let mask = mask()
        worker.reactor.append(to: socket, atMost: FrameEncoder.length(payload: count, masked: mask != nil)) { target in
            unsafe FrameEncoder.encodeCompressed(splice.kind.rawValue, payload: payload, mask: mask, into: target)
        }
    }

    /// A compressed message came: `packed`.
    ///
    /// - Returns: false when nothing more of the peer's is heard.
    func compressedMessage(_ kind: MessageKind, _ packed: [UInt8], _ now: Instant) -> Bool {
        guard let compression else { return true }
        guard let inflater = compression.readyInflater(&worker.codecs) else {
            shed()
            return false
        }
        var room: [UInt8] = []
        swap(&room, &worker.codecs.expanded)
        defer { WorkerCodecs.giveBack(&room, to: &worker.codecs.expanded) }
        switch inflater.expand(packed.span, into: &room, limit: reader.maxMessage) {
        case .whole(let count):
            worker.codecs.figures.receivedPlain += count
            worker.codecs.figures.receivedCompressed += packed.count
            if kind == .text, !UTF8Validator.isValid(room.span, from: 0, count: count) {
                return stopReading(.invalidUTF8)
            }
            message(kind, room.span.extracting(0..<count), now)
            return true
        case .tooLarge: return stopReading(.messageTooBig)
        case .malformed: return stopReading(.badCompression)
        case .noMemory:
            shed()
            return false
        }
    }

    private func stopReading(_ violation: FrameViolation) -> Bool {
        violated(violation.closeCode, violation)
        reader = FrameReader(expectsMasked: !masks, maxMessage: 0)
        return false
    }

    /// What it keeps is counted from here on.
    func begin(_ compression: LegCompression) {
        self.compression = compression
        worker.codecs.figures.sockets += 1
        worker.switchboard.bufferedBytes += compression.place.memory
    }

    /// The socket ends.
    func endCompression() {
        guard let compression else { return }
        self.compression = nil
        worker.codecs.figures.sockets -= 1
        worker.switchboard.bufferedBytes -= compression.place.memory
        worker.process.compressed.leave(compression.place)
    }
}

extension Worker {
    /// What a client's offers come to: nil where nothing is agreed on, or where there is no room for one more. What is
    /// given counts until the leg that has it ends, or `giveBack(_:)`.
    func compression(
        offeredBy fields: HeaderFields, _ settings: CompressionSettings?
    ) -> (LegCompression, answer: String)? {
        guard let settings, let (agreement, text) = DeflateAgreement.answer(to: fields, by: settings) else {
            return nil
        }
        let place = CompressionPlace(isUpstream: false, memory: LegCompression.memory(of: agreement))
        guard process.compressed.enter(place, most: settings.maxConnections) else {
            codecs.figures.refused += 1
            return nil
        }
        return (LegCompression(agreement, settings, place), text)
    }

    /// No leg came of it.
    func giveBack(_ compression: LegCompression?) {
        if let compression { process.compressed.leave(compression.place) }
    }

    /// Room for what an upstream is offered; nil where nothing is to be offered.
    func placeOfCompression(to upstream: UpstreamSettings) -> CompressionPlace? {
        guard let settings = upstream.compression else { return nil }
        let most = DeflateAgreement.Direction(windowBits: settings.windowBits, takesOver: settings.contextTakeover)
        let place = CompressionPlace(
            isUpstream: true,
            memory: LegCompression.memory(of: DeflateAgreement(sending: most, receiving: most)))
        guard process.compressed.enter(place, most: settings.maxConnections) else {
            codecs.figures.refused += 1
            return nil
        }
        return place
    }
}
