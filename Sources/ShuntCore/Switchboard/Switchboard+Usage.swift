/// Who uses what: tallied here, without a lookup per message, and taken out every flush interval.
extension Switchboard {
    /// Messages of a client came.
    @inline(__always)
    mutating func countReceived(_ seat: SeatID, _ count: Int = 1, bytes: Int, now: Instant) {
        guard usage.isOn else { return }
        if now >= usage.dayEnds { usage.turnDay(at: now) }
        let use = seats.at(seat)?.pointee.use ?? .none
        if usage.lines.at(use)?.pointee.heard(count, bytes: bytes, now) == nil {
            beginUse(of: seat, now: now)
            let use = seats[seat]?.use ?? .none
            usage.lines[use]?.heard(count, bytes: bytes, now)
        }
    }

    /// Messages go to a client. What is said to a socket before it says something itself is no use of it.
    @inline(__always)
    mutating func countSent(_ seat: SeatID, _ count: Int = 1, bytes: Int) {
        guard usage.isOn, let use = seats.at(seat)?.pointee.use else { return }
        usage.lines.at(use)?.pointee.said(count, bytes: bytes)
    }

    /// A message is answered with an error.
    mutating func countError(_ seat: SeatID) {
        guard usage.isOn, let use = seats[seat]?.use else { return }
        usage.lines[use]?.errors &+= 1
    }

    /// A socket says something on a route for the first time today.
    private mutating func beginUse(of id: SeatID, now: Instant) {
        guard let seat = seats[id], let client = clients[seat.client] else { return }
        let key = UsageKey(
            endpoint: client.endpoint?.path ?? table.definition.addressing.paths.first ?? "", route: seat.route.name,
            app: client.app.name.description, version: client.app.version.description,
            tenant: sessions[client.session]?.claims.tenant.map { UsageKey.tenant($0.text) },
            origin: UsageKey.origin(client.handshake.headers.first(.origin).map { ByteString($0) } ?? ""))
        let use = usage.line(for: key, now: now)
        seats[id]?.use = use
        let session = sessionHash(seat.session)
        usage.lines[use]?.sessions.add(session)
        // It said something on another route before, or a clock that jumps back and forth led to the day twice.
        guard !client.usedDays.contains(usage.day) else { return }
        usage.lines[use]?.sockets += 1
        clients[seat.client]?.remember(usage.day)
    }

    private func sessionHash(_ id: SessionID) -> UInt64 {
        guard let session = sessions[id] else { return 0 }
        return session.key?.hash(keyedBy: usage.hashKey) ?? SipHash.hash(session.shortName, key: usage.hashKey)
    }
}

extension Client {
    /// Days that are remembered of a socket: more than a clock jumps to and fro.
    private static let mostDays = 32

    fileprivate mutating func remember(_ day: UsageDay) {
        if usedDays.count >= Self.mostDays { usedDays.removeFirst() }
        usedDays.append(day)
    }
}
