import ShuntCore
package import ShuntReactor

/// Says back to each WebSocket what it says, whatever its path: the backend of a load test that is to cost nothing. One
/// thread, on a reactor of its own.
package final class EchoServer {
    private enum Peer {
        /// Its request is not complete. Becomes `open` or `leaving`.
        case shaking(HeadReader)
        /// Becomes `leaving`.
        case open(FrameReader)
        /// It was answered for the last time.
        case leaving
    }

    private let reactor: Reactor
    private let listener: SocketID
    /// By the index of the reactor's id.
    private var peers: [Peer?] = []
    private var scratch: [UInt8] = []
    private var splices = SpliceBuffer()
    private static let largest = 64 << 20
    private static let noBody = [
        Handshake.Field(name: "Connection", value: "close"), Handshake.Field(name: "Content-Length", value: "0"),
    ]

    /// - Parameter listener: a listening socket, the server's own from now on.
    package init(listener: CInt, on reactor: Reactor) throws(SystemError) {
        self.reactor = reactor
        self.listener = try reactor.listen(on: listener)
    }

    /// Serves until it is asked to stop, which is looked at a few times a second.
    package func run(isAskedToStop: () -> Bool) {
        while !isAskedToStop() {
            reactor.wait(until: reactor.now + .milliseconds(200))
            while let event = reactor.next() { handle(event) }
            // Where there were no descriptors left, some may have come back.
            if !reactor.isReading(listener) { reactor.setReading(listener, true) }
        }
    }

    private func handle(_ event: ReactorEvent) {
        switch event {
        case .acceptable: accept()
        case .readable(let id): read(id)
        case .congested(let id): reactor.setReading(id, false)
        case .relieved(let id): reactor.setReading(id, true)
        case .lost(let id, _): forget(id)
        case .connected, .secured, .plainText, .finished, .closed, .deadline, .woken: break
        }
    }

    private func accept() {
        do throws(SystemError) {
            while let (id, _) = try reactor.accept(listener) {
                while peers.count <= Int(id.index) { peers.append(nil) }
                peers[Int(id.index)] = .shaking(HeadReader(.request))
            }
        } catch {
            reactor.setReading(listener, false)
        }
    }

    private func forget(_ id: SocketID) {
        peers[Int(id.index)] = nil
        reactor.close(id)
    }

    private func read(_ id: SocketID) {
        let reception = reactor.receive(id) { bytes in
            switch peers[Int(id.index)] {
            case .shaking(let reader): shake(id, reader, bytes)
            case .open(var reader):
                // Taken, so that there is one of it.
                peers[Int(id.index)] = nil
                let goesOn = answer(id, &reader, bytes)
                peers[Int(id.index)] = goesOn ? .open(reader) : .leaving
            case .leaving, nil: break
            }
        }
        switch reception {
        case .bytes, .nothing: break
        case .end, .lost: forget(id)
        }
    }

    // MARK: Opening handshake

    private func shake(_ id: SocketID, _ reader: HeadReader, _ bytes: Span<UInt8>) {
        var reader = reader
        var position = 0
        do throws(HeadReader.Problem) {
            guard try reader.read(bytes, at: &position) == .whole else {
                peers[Int(id.index)] = .shaking(reader)
                return
            }
        } catch {
            return refuse(id)
        }
        guard let key = RequestHead(reader)?.fields.values(of: "sec-websocket-key").first,
            SecWebSocket.isKey(key.bytes[...])
        else {
            return refuse(id)
        }
        let fields = [
            Handshake.Field(name: "Upgrade", value: "websocket"), Handshake.Field(name: "Connection", value: "Upgrade"),
            Handshake.Field(name: "Sec-WebSocket-Accept", value: SecWebSocket.acceptKey(for: key)),
        ]
        reactor.append(to: id, head(101, "Switching Protocols", fields))
        var frames = FrameReader(expectsMasked: true, maxMessage: Self.largest)
        let goesOn = position == bytes.count || answer(id, &frames, bytes.extracting(position..<bytes.count))
        peers[Int(id.index)] = goesOn ? .open(frames) : .leaving
    }

    /// It is no WebSocket.
    private func refuse(_ id: SocketID) {
        reactor.append(to: id, head(400, "Bad Request", Self.noBody))
        leave(id)
        peers[Int(id.index)] = .leaving
    }

    private func head(_ status: Int, _ reason: String, _ fields: [Handshake.Field]) -> [UInt8] {
        HeadWriter.answer(
            status: status, reason: ByteString(reason), HeaderFields(fields)) ?? []
    }

    // MARK: Frames

    /// - Returns: whether more may come.
    private func answer(_ id: SocketID, _ reader: inout FrameReader, _ bytes: Span<UInt8>) -> Bool {
        var position = 0
        // Taken, so that a span over it can be lent.
        var scratch: [UInt8] = []
        swap(&scratch, &self.scratch)
        defer { swap(&scratch, &self.scratch) }
        while true {
            switch reader.next(bytes, at: &position, scratch: &scratch) {
            case .needsMore: return true
            case .message(let kind, .input(let start, let count)):
                repeatBack(id, kind, bytes.extracting(start..<start + count))
            case .message(let kind, .scratch(let count)): repeatBack(id, kind, scratch.span.extracting(0..<count))
            case .message(let kind, .partial): repeatBack(id, kind, reader.partial.span)
            case .ping:
                var pong: [UInt8] = []
                FrameEncoder.encodeControl(10, payload: reader.control, mask: nil, into: &pong)
                reactor.append(to: id, pong)
            case .pong: break
            case .close(let code):
                sayClose(id, code)
                return false
            case .violation(let code, _):
                sayClose(id, code)
                return false
            case .compressed:
                sayClose(id, .protocolError)
                return false
            }
        }
    }

    private func repeatBack(_ id: SocketID, _ kind: MessageKind, _ message: Span<UInt8>) {
        splices.reset()
        var splice = splices.splice(messageOf: message.count)
        splice.kind = kind
        let length = FrameEncoder.length(payload: message.count, masked: false)
        reactor.append(to: id, atMost: length) { room in
            splices.writeFrame(splice, message: message, mask: nil, into: room)
        }
    }

    private func sayClose(_ id: SocketID, _ code: CloseCode?) {
        var frame: [UInt8] = []
        FrameEncoder.encodeClose(code, mask: nil, into: &frame)
        reactor.append(to: id, frame)
        leave(id)
    }

    /// Ends our direction behind what is said; the peer ends its own (a server that closed at once might reset what it
    /// said).
    private func leave(_ id: SocketID) { reactor.finish(id) }
}
