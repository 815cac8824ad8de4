import NIOCore
import ShuntCore

/// The worker's own time: flushes at the end of a loop's turn, the switchboard's deadlines, and a look at slow sockets.
extension Worker {
    // MARK: Flushes

    func flushAtEndOfTurn(_ leg: Leg) {
        dirty.append(leg)
        planFlush()
    }

    func flushAtEndOfTurn(_ end: PipeEnd) {
        dirtyPipes.append(end)
        planFlush()
    }

    @inline(__always)
    private func planFlush() {
        guard !isFlushPlanned else { return }
        isFlushPlanned = true
        // NIO has no hook at the end of a turn. A task that is added while events are handled runs right after them; the
        // closure is made once, so this allocates nothing.
        eventLoop.execute(endOfTurn)
    }

    func makeEndOfTurn() -> @Sendable () -> Void {
        let worker = NIOLoopBound(self, eventLoop: eventLoop)
        return { worker.value.flushAll() }
    }

    private func flushAll() {
        isFlushPlanned = false
        // A flush may call back and make others dirty: those have their own turn.
        var legs = dirty.takeAll()
        while let leg = legs.popFirst() { leg.flush() }
        var ends = dirtyPipes.takeAll()
        while let end = ends.popFirst() { end.flush() }
    }

    func flushAfterEvent(_ leg: Leg) {
        urgent.append(leg)
    }

    @inline(never)
    func flushUrgent() {
        var legs: [Leg] = []
        swap(&legs, &urgent)
        for leg in legs { leg.flush() }
    }

    // MARK: Deadlines

    /// One timer for everything that waits in the core. It is only ever moved to an earlier time: a deadline that went
    /// away costs one idle tick, a deadline moved with every message would cost a timer each.
    func planTick(_ now: Instant) {
        let deadline = switchboard.nextDeadline
        tickTask?.cancel()
        guard deadline < .distantFuture else {
            tickAt = .distantFuture
            tickTask = nil
            return
        }
        tickAt = deadline
        // Never at once: a deadline that a tick leaves behind must not keep the loop busy.
        let soonest = now + .milliseconds(1)
        // Held strongly: the worker lives as long as its loop, and a weak reference would slow down every other one.
        let at = NIODeadline.uptimeNanoseconds(UInt64(clamping: max(deadline, soonest).nanoseconds))
        tickTask = eventLoop.assumeIsolated().scheduleTask(deadline: at) { [self] in tick() }
    }

    private func tick() {
        tickTask = nil
        tickAt = .distantFuture
        if switchboard.nextDeadline <= now() { feed(.tick) }
        if tickTask == nil { planTick(now()) }
    }

    // MARK: Slow sockets

    /// How often the bytes are counted that slow sockets have not taken: `bufferedBytes` may lag by that.
    private static let watchEvery = TimeAmount.milliseconds(200)

    func watch(_ leg: Leg) {
        watched.append(leg)
        if watched.count == 1 { planWatch() }
    }

    private func planWatch() {
        eventLoop.assumeIsolated().scheduleTask(in: Self.watchEvery) { [self] in lookAtWatched() }
    }

    private func lookAtWatched() {
        let legs = watched
        watched.removeAll(keepingCapacity: true)
        for leg in legs {
            leg.isWatched = false
            leg.measure()
        }
        // `measure` put those back that still hold something; the first of them planned the next look.
    }
}
