import ShuntCore

/// Handshakes under way, from the connection to the answer, and the refused clients that still read theirs.
extension Worker {
    /// How often those who take long are looked at.
    private static let lookEvery = TimeSpan.milliseconds(100)

    /// A client has connected, or is refused after its handshake. It must `leaveDoor` once.
    func enterDoor() -> Door.ID {
        let id = door.enter(bytes: DoorBudget.perConnection, now: now())
        process.budget.add(DoorBudget.perConnection)
        if deadlines.door == .distantFuture { deadlines.door = now() + Self.lookEvery }
        return id
    }

    /// What is held of a handshake that is not complete.
    func hold(_ bytes: Int, of id: Door.ID) {
        process.budget.add(door.hold(DoorBudget.perConnection + bytes, of: id))
    }

    func leaveDoor(_ id: Door.ID) {
        process.budget.add(-door.leave(id))
        handshakes[id] = nil
        lingering[id] = nil
    }

    /// A client is refused and reads its answer.
    func linger(_ close: LingeringClose, _ id: Door.ID) {
        hold(0, of: id)
        door.refuse(id, now: now())
        handshakes[id] = nil
        lingering[id] = close
    }

    /// A refused client still sends.
    func hear(_ id: Door.ID) { door.hear(id, now: now()) }

    /// A handshake was refused, for whatever reason and at whatever stage.
    func countRefusal(_ code: String) { refusedHandshakes[code, default: 0] += 1 }

    func lookAtDoor() {
        let now = now()
        let due = door.due(
            now: now, timeout: switchboard.table.definition.limits.handshakeTimeout,
            excess: process.budget.excess(now: now)
        ) { handshakes[$0]?.hasUnreadInput ?? false }
        for (id, verdict) in due {
            switch verdict {
            case .timedOut: handshakes[id]?.timeOut()
            case .gaveWay: handshakes[id]?.refuse(.tooSlow)
            case .left: lingering[id]?.end()
            }
        }
        deadlines.door = door.isEmpty ? .distantFuture : now + Self.lookEvery
    }
}
