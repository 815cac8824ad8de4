package import ShuntCore

/// What a reactor has to say. Whoever has an id of a socket that is lost closes it.
package enum ReactorEvent: Equatable, Sendable {
    /// There is something to `receive`.
    case readable(SocketID)
    /// Connections wait at a listening socket: `accept` them.
    case acceptable(SocketID)
    /// A dial came through.
    case connected(SocketID)
    /// The TLS handshake is over.
    case secured(SocketID)
    /// The peer does not speak TLS on a listening side that does: the socket is a plain one, for an answer that says so.
    case plainText(SocketID)
    /// A dial came to nothing, or the connection is no more. Nothing follows; output that was left is dropped.
    case lost(SocketID, SystemError)
    /// More waits for the socket than its high mark says.
    case congested(SocketID)
    /// No more waits than its low mark says.
    case relieved(SocketID)
    /// What was appended before `finish` is sent, and our direction is ended.
    case finished(SocketID)
    /// What was appended before `closeWhenSent` is sent, and the socket is closed: the id is of the past.
    case closed(SocketID)
    /// The socket's deadline is reached.
    case deadline(SocketID)
    /// Somebody rang the bell.
    case woken
}

/// What a reactor did since it was made.
package struct ReactorCounts: Equatable, Sendable {
    package var turns = 0
    /// Descriptors that were ready, over all turns.
    package var events = 0
    /// Turns in which something was ready and nothing came of it: a loop that spins.
    package var barren = 0
    package var receives = 0
    package var sends = 0
    package var bytesReceived = 0
    package var bytesSent = 0
    /// TLS handshakes that came through, and those of them that went on with an earlier session.
    package var handshakes = 0
    package var resumptions = 0
    /// Connections with TLS that the peer ended without saying so in TLS.
    package var cutShort = 0
}

/// The sockets of one thread: a level-triggered poller, what waits to be sent, and the deadlines of sockets. It knows
/// nothing of what the bytes mean.
///
/// Its owner drives it in turns: `wait`, then `next` until there is no more. Nothing is sent within a turn but what is
/// large, which `next` sends as long as the processor has it at hand: `wait` sends first, once to each socket, all that the
/// turn appended for it. Nothing calls back, so that no owner is entered while it works on an event.
@safe
package final class Reactor {
    var kernel: Kernel
    var sockets = SlotTable<Socket, SocketTag>()
    var pool = OutputPool()
    /// Made with the first socket that speaks TLS.
    private(set) lazy var rooms = TLSRooms()
    /// Sockets with something to be received that the kernel does not tell of.
    var listed: [SocketID] = []
    /// The one buffer that is read into.
    let room: UnsafeMutableRawBufferPointer
    private var events = Kernel.Events()
    /// The next of `events` to be told.
    private var place = 0
    /// What is to be told that the kernel did not say, and the next of it.
    private var said: [ReactorEvent] = []
    private var saidPlace = 0
    /// Sockets with output of this turn, in the order in which they got it.
    private var dirty: [SocketID] = []
    private var flushing: [SocketID] = []
    /// Those of them that got much of the event in hand.
    private var heavy: [SocketID] = []
    /// Whose peers said in this turn that they say no more: those that are still there then are not listened to any more.
    var ended: [SocketID] = []
    private var wheel = TimerWheel<SocketID>()
    private var due: [SocketID] = []
    private var shrinksAt = Instant.zero
    /// Something came of what was ready in this turn.
    var hasProgressed = false

    /// The time, as of the beginning of the turn.
    package private(set) var now: Instant
    package internal(set) var counts = ReactorCounts()
    /// Bytes that wait for sockets that did not take them, all together.
    package internal(set) var pendingBytes = 0

    /// The most that one `receive` reads.
    package static let largestRead = 64 << 10
    /// A turn's output for one socket beyond this is sent at once, so that a socket that takes nothing is noticed before
    /// much is heaped up for it.
    package static let urgent = 256 << 10
    /// An event's output for one socket beyond this is sent when the event is over.
    static let large = 16 << 10
    private static let shrinksEvery = TimeSpan.seconds(1)

    /// - Throws: where the process has no descriptors left.
    package convenience init() throws(SystemError) {
        self.init(try Kernel())
    }

    /// A reactor on another network than the system's.
    package convenience init(on standIn: any KernelStandIn) {
        self.init(Kernel(standIn: standIn))
    }

    private init(_ kernel: consuming Kernel) {
        now = kernel.now
        self.kernel = kernel
        unsafe room = .allocate(byteCount: Self.largestRead, alignment: 64)
        wheel.start(at: now)
    }

    deinit {
        for id in sockets.ids { close(id) }
        unsafe room.deallocate()
    }

    /// Wakes a `wait`, from any thread.
    package var bell: Bell { kernel.bell }

    /// Sockets that are there.
    package var count: Int { sockets.count }

    /// Sockets that speak TLS, or are about to: see `setTLS`.
    var securedCount = 0

    // MARK: Turns

    /// Ends a turn and begins the next: sends what was appended, and waits until something happens, the bell rings, or it
    /// is `deadline`.
    package func wait(until deadline: Instant = .distantFuture) {
        flushAll()
        if counts.events > 0, place > 0, !hasProgressed { counts.barren += 1 }
        if saidPlace == said.count {
            said.removeAll(keepingCapacity: said.capacity <= 1024)
            saidPlace = 0
        }
        if !listed.isEmpty { tellListed() }
        shrinkNowAndThen()
        let latest = saidPlace < said.count ? now : min(deadline, wheel.earliest)
        place = 0
        hasProgressed = false
        let (count, rang) = kernel.wait(until: latest, &events)
        now = kernel.now
        counts.turns += 1
        counts.events += count
        if rang { tell(.woken) }
        if wheel.earliest <= now { lookAtDeadlines() }
    }

    /// What happened next; nil at the end of the turn.
    package func next() -> ReactorEvent? {
        if !heavy.isEmpty { flushHeavy() }
        while saidPlace < said.count {
            let event = said[saidPlace]
            saidPlace += 1
            if isOfUse(event) { return event }
        }
        while place < events.count {
            let (token, readiness) = events[place]
            place += 1
            if let event = told(SocketID(token: token), readiness) { return event }
            // Looking at one may have said something that comes first.
            if saidPlace < said.count { return next() }
        }
        return nil
    }

    /// Its socket may have been closed since it was said.
    private func isOfUse(_ event: ReactorEvent) -> Bool {
        switch event {
        case .readable(let id), .acceptable(let id), .connected(let id), .secured(let id), .plainText(let id),
            .lost(let id, _), .congested(let id), .relieved(let id), .finished(let id), .deadline(let id):
            sockets.contains(id)
        case .closed, .woken: true
        }
    }

    func tell(_ event: ReactorEvent) { said.append(event) }

    /// What the kernel said of a socket.
    @inline(__always)
    private func told(_ id: SocketID, _ readiness: Readiness) -> ReactorEvent? {
        guard let socket = sockets.at(id) else { return nil }
        if readiness == .input, socket.pointee.isHeard { return .readable(id) }
        return toldOther(id, socket.pointee.stage, readiness)
    }

    @inline(never)
    private func toldOther(_ id: SocketID, _ stage: Socket.Stage, _ readiness: Readiness) -> ReactorEvent? {
        switch stage {
        case .listening:
            return .acceptable(id)
        case .connecting:
            return connected(id)
        case .lost:
            return nil
        case .securing:
            if readiness.contains(.output) { flush(id) }
            guard !readiness.isDisjoint(with: [.input, .error, .hangUp]), sockets[id]?.stage == .securing else {
                return nil
            }
            goOnWithHandshake(id)
            return nil
        case .open:
            if readiness.contains(.output) { flush(id) }
            guard !readiness.isDisjoint(with: [.input, .error, .hangUp]), sockets[id]?.stage == .open else {
                return nil
            }
            return heard(id, readiness)
        }
    }

    private func heard(_ id: SocketID, _ readiness: Readiness) -> ReactorEvent? {
        if sockets.at(id)?.pointee.isHeard == true { return .readable(id) }
        return heardUnasked(id, readiness)
    }

    /// Errors and hang-ups are told whether they were asked for or not, again and again.
    @inline(never)
    private func heardUnasked(_ id: SocketID, _ readiness: Readiness) -> ReactorEvent? {
        if readiness.contains(.error) {
            // A word before a reset may be the last one, such as a close frame's.
            if unread(id) > 0 {
                takesNothing(id)
            } else {
                lose(id, SystemError(code: kernel.connectError(sockets[id]?.descriptor ?? -1)))
            }
            return nil
        }
        guard readiness.contains(.hangUp) else { return nil }
        if sockets[id]?.hasEnded == true, sockets[id]?.isFinished == false {
            lose(id, .connectionReset)
        } else {
            // Both directions are over. What came and is not read stays where it is until somebody wants it.
            unwatch(id)
        }
        return nil
    }

    // MARK: The end of a turn

    func becomesDirty(_ id: SocketID) {
        guard sockets[id]?.isDirty == false else { return }
        sockets[id]?.isDirty = true
        dirty.append(id)
    }

    private func flushAll() {
        for id in ended { watchAgain(id) }
        ended.removeAll(keepingCapacity: ended.capacity <= 4096)
        guard !dirty.isEmpty else { return }
        swap(&dirty, &flushing)
        for id in flushing { flush(id) }
        flushing.removeAll(keepingCapacity: flushing.capacity <= 4096)
    }

    /// Gives back the memory of many sockets that are gone.
    package func shrink() {
        sockets.shrink()
        wheel.shrink()
        due = []
    }

    func becomesHeavy(_ id: SocketID) {
        // Mostly it is the one that got the last message, too.
        if heavy.last != id { heavy.append(id) }
    }

    @inline(never)
    private func flushHeavy() {
        for id in heavy where sockets.at(id)?.pointee.awaitsRoom == false { flush(id) }
        heavy.removeAll(keepingCapacity: heavy.capacity <= 1024)
    }

    private func shrinkNowAndThen() {
        guard now >= shrinksAt else { return }
        shrinksAt = now + Self.shrinksEvery
        pool.shrink()
    }

    // MARK: Deadlines

    /// From now on the socket's owner is told at `deadline`, or `TimerWheel.granularity` later; `.distantFuture` is never.
    package func setDeadline(_ id: SocketID, _ deadline: Instant) {
        guard var armed = sockets[id]?.armed else { return }
        sockets[id]?.deadline = deadline
        wheel.arm(id, at: deadline, armed: &armed)
        sockets[id]?.armed = armed
    }

    private func lookAtDeadlines() {
        wheel.advance(to: now, due: &due)
        for id in due {
            // Looked at before its time: it was armed for a later one first.
            guard let armed = sockets[id]?.armed, armed <= now, let deadline = sockets[id]?.deadline else { continue }
            sockets[id]?.armed = .distantFuture
            if deadline <= now {
                sockets[id]?.deadline = .distantFuture
                tell(.deadline(id))
            } else {
                setDeadline(id, deadline)
            }
        }
        due.removeAll(keepingCapacity: due.capacity <= 1024)
    }
}
