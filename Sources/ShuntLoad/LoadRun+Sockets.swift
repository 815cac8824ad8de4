import ShuntCore
import ShuntReactor

/// What sockets say, and what they are told.
extension LoadRun {
    func handle(_ event: ReactorEvent) {
        switch event {
        case .connected(let id): if plan.tls == nil, let place = place(of: id) { shake(place) }
        case .secured(let id): if let place = place(of: id) { shake(place) }
        case .readable(let id): if let place = place(of: id) { read(place) }
        case .lost(let id, let error): if let place = place(of: id) { lost(place, problem(of: id) ?? "\(error)") }
        case .deadline(let id): if let place = place(of: id) { late(place) }
        case .closed(let id): if let place = places[id.index], sockets[place].id == id { forget(place) }
        case .acceptable, .plainText, .congested, .relieved, .finished, .woken: break
        }
    }

    private func place(of id: SocketID) -> Int? {
        guard let place = places[id.index], sockets[place].id == id else { return nil }
        return place
    }

    private func problem(of id: SocketID) -> String? { reactor.tlsProblem(of: id)?.description }

    private func late(_ place: Int) {
        switch sockets[place].state {
        case .dialling, .shaking: opened(place, problem: "no answer in time")
        case .closing: lost(place, "no end in time")
        case .open, .over: break
        }
    }

    private func lost(_ place: Int, _ problem: String) {
        switch sockets[place].state {
        case .dialling, .shaking: opened(place, problem: problem)
        case .open:
            report.endedEarly[problem, default: 0] += 1
            giveUp(place)
            forget(place)
        case .closing: forget(place)
        case .over: break
        }
    }

    private func giveUp(_ place: Int) { report.lost += ledger.giveUp(socket: place) }

    // MARK: Opening handshake

    private func shake(_ place: Int) {
        guard let (head, acceptKey) = sockets[place].request ?? request(of: place) else {
            return opened(place, problem: "the request cannot be written: see path and headers")
        }
        sockets[place].request = (head, acceptKey)
        sockets[place].state = .shaking(AnswerReader(), acceptKey: acceptKey)
        reactor.append(to: sockets[place].id, head)
    }

    private func request(of place: Int) -> (head: [UInt8], acceptKey: ByteString)? {
        let key = SecWebSocket.key(from: (random.next(), random.next()))
        let agent = plan.agents[sockets[place].agent ?? 0]
        let own = [
            ("Host", "\(plan.target.host):\(plan.target.port)"), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
            ("Sec-WebSocket-Version", "13"),
        ]
        let fields =
            (own + plan.headers.map { ($0.name, $0.value) }).map { Handshake.Field(name: $0.0, value: $0.1) }
            + [Handshake.Field(name: "Sec-WebSocket-Key", value: key)]
        let path = ByteString(plan.target.path(user: sockets[place].user, agent: agent))
        return HeadWriter.request(target: path, HeaderFields(fields)).map { ($0, SecWebSocket.acceptKey(for: key)) }
    }

    private func readAnswer(_ place: Int, _ bytes: Span<UInt8>) {
        guard case .shaking(var answer, let acceptKey) = sockets[place].state else { return }
        var position = 0
        do throws(HeadReader.Problem) {
            guard case .head(let head) = try answer.read(bytes, at: &position) else {
                sockets[place].state = .shaking(answer, acceptKey: acceptKey)
                return
            }
            guard head.status == 101 else { return opened(place, problem: "status \(head.status)") }
            guard head.fields.values(of: "sec-websocket-accept") == [acceptKey] else {
                return opened(place, problem: "wrong Sec-WebSocket-Accept")
            }
            opened(place)
            if position < bytes.count { readFrames(place, bytes.extracting(position..<bytes.count)) }
        } catch {
            opened(place, problem: "the answer is no HTTP/1.1")
        }
    }

    // MARK: Reading

    private func read(_ place: Int) {
        let reception = reactor.receive(sockets[place].id) { bytes in
            if case .shaking = sockets[place].state { readAnswer(place, bytes) } else { readFrames(place, bytes) }
        }
        switch reception {
        case .bytes, .nothing: break
        case .end: lost(place, "ended without a close frame")
        case .lost(let error): lost(place, problem(of: sockets[place].id) ?? "\(error)")
        }
    }

    private func readFrames(_ place: Int, _ bytes: Span<UInt8>) {
        var position = 0
        // Taken, so that a span over it can be lent.
        var scratch: [UInt8] = []
        swap(&scratch, &self.scratch)
        defer { swap(&scratch, &self.scratch) }
        while !sockets[place].isOver {
            switch sockets[place].reader.next(bytes, at: &position, scratch: &scratch) {
            case .needsMore: return
            case .message(_, .input(let start, let count)):
                heard(place, bytes.extracting(start..<start + count))
            case .message(_, .scratch(let count)): heard(place, scratch.span.extracting(0..<count))
            case .message(_, .partial):
                let whole = sockets[place].reader.partial
                heard(place, whole.span)
            case .ping:
                var pong: [UInt8] = []
                FrameEncoder.encodeControl(
                    10, payload: sockets[place].reader.control, mask: nextMask, into: &pong)
                reactor.append(to: sockets[place].id, pong)
            case .pong: break
            case .close(let code): closed(place, code.map { "closed with \($0.rawValue)" } ?? "closed without a code")
            case .compressed: lost(place, "compressed a message without being asked")
            case .violation(_, let violation): lost(place, "broke the protocol: \(violation)")
            }
        }
    }

    /// The target closes, or answers our close.
    private func closed(_ place: Int, _ how: String) {
        if sockets[place].isOpen {
            report.endedEarly[how, default: 0] += 1
            giveUp(place)
            sayClose(place)
        }
        // The server ends the connection (RFC 6455 §7.1.1); some in between wait for us to do so first.
        sockets[place].state = .closing
        reactor.finish(sockets[place].id)
    }

    /// Ends a socket in order.
    func leave(_ place: Int) {
        guard sockets[place].isOpen else { return forget(place) }
        sayClose(place)
        sockets[place].state = .closing
    }

    private func sayClose(_ place: Int) {
        var frame: [UInt8] = []
        FrameEncoder.encodeClose(.normal, mask: nextMask, into: &frame)
        reactor.append(to: sockets[place].id, frame)
    }

    // MARK: Messages

    private var nextMask: UInt32 { UInt32(truncatingIfNeeded: random.next()) }

    func send(on place: Int, dueAt moment: Instant) {
        guard sockets[place].isOpen, mayTalk else { return }
        let agent = sockets[place].agent ?? sockets[place].turn % messages.count
        sockets[place].turn += 1
        let number = ledger.sent(on: place, lane: agent, at: moment)
        report.sent += 1
        messages[agent].put(number, user: sockets[place].user)
        splices.reset()
        let splice = splices.splice(messageOf: messages[agent].bytes.count)
        let mask = nextMask
        let bytes = messages[agent].bytes
        let length = FrameEncoder.length(payload: bytes.count, masked: true)
        reactor.append(to: sockets[place].id, atMost: length) { room in
            splices.writeFrame(splice, message: bytes.span, mask: mask, into: room)
        }
    }

    private func heard(_ place: Int, _ bytes: Span<UInt8>) {
        guard envelope.scan(bytes, for: keys, nesting: 64, early: true) == .object,
            let number = number(in: bytes)
        else {
            report.others += 1
            return
        }
        switch ledger.answered(number, on: place) {
        case .answer(let since, let inOrder):
            report.answered += 1
            if !inOrder { report.reordered += 1 }
            measure(since: since)
            countError(bytes)
            if case .inFlight = plan.pace { send(on: place, dueAt: reactor.now) }
        case .double: report.doubled += 1
        case .ofOther: report.ofOthers += 1
        case .unknown: report.unknown += 1
        }
    }

    /// The number of the message that a reply is for: a JSON number, or a string of digits.
    private func number(in bytes: Span<UInt8>) -> Int? {
        guard let value = envelope.value(0) else { return nil }
        var number = 0
        var digits = 0
        for place in value.start..<value.end {
            let byte = bytes[place]
            guard byte != UInt8(ascii: "\"") else { continue }
            guard byte >= 0x30, byte <= 0x39, digits < 18 else { return nil }
            number = number * 10 + Int(byte - 0x30)
            digits += 1
        }
        return digits > 0 ? number : nil
    }

    private func countError(_ bytes: Span<UInt8>) {
        guard let type = envelope.value(1), text(type, bytes) == "error" else { return }
        report.errors[envelope.value(2).map { text($0, bytes) } ?? "without a code", default: 0] += 1
    }

    private func text(_ value: JSONValue, _ bytes: Span<UInt8>) -> String {
        var text: [UInt8] = []
        for place in value.start..<min(value.end, value.start + 64) where bytes[place] != UInt8(ascii: "\"") {
            text.append(bytes[place])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
