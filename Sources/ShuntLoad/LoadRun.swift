package import ShuntCore
package import ShuntReactor

/// A load test: opens the sockets, talks, checks every reply, closes. One thread, on a reactor of its own.
package final class LoadRun {
    /// What is known while it runs.
    package struct Progress: Sendable {
        package let elapsed: TimeSpan
        package let open: Int
        package let sent: Int
        package let answered: Int
        /// Messages under way.
        package let waiting: Int
        /// Errors, losses and whatever else is not as it should be.
        package let problems: Int
        /// Of the last second.
        package let perSecond: Double
        package let latencies: LatencyHistogram
    }

    enum Phase {
        /// Becomes `talking`.
        case opening
        /// Becomes `draining`.
        case talking
        /// Nothing more is sent; replies are awaited until then. Becomes `closing`.
        case draining(until: Instant)
        /// Every reply is there; sockets stay open until then. Becomes `closing`.
        case holding(until: Instant)
        /// Becomes `over`.
        case closing(until: Instant)
        case over
    }

    let plan: LoadPlan
    let reactor: Reactor
    private let address: SocketAddress
    /// By agent; each is numbered anew before it is sent.
    var messages: [MessageTemplate.Message]
    var splices = SpliceBuffer()
    let keys: KeySet
    var envelope = Envelope()
    var scratch: [UInt8] = []
    var sockets: [LoadSocket]
    /// By the index of the reactor's id.
    var places: [UInt32: Int] = [:]
    var ledger: LoadLedger
    var report = LoadReport()
    /// Masks need only differ.
    var random = RandomSource(seed: .random(in: 0 ... .max))
    var phase = Phase.opening
    private var nextToOpen = 0
    /// Sockets whose handshake is under way.
    var opening = 0
    var open = 0
    /// Handshakes that were begun.
    var begun = 0
    private var begin = Instant.zero
    private var talkBegin = Instant.zero
    /// The beginning of what counts.
    var windowBegin = Instant.distantFuture
    private(set) var windowEnd = Instant.distantFuture
    /// Of the generator and of the watched processes, at the window's beginning.
    private var atWindow: (own: Double, watched: Double)?
    /// In the open loop: messages that became due, and whose turn it is.
    private var due = 0
    private var nextSocket = 0
    private var told: (at: Instant, answered: Int) = (.zero, 0)
    private var isAskedToStop: @Sendable () -> Bool

    /// - Parameters:
    ///   - address: of the target's host.
    ///   - isAskedToStop: looked at a few times a second; then the test ends early, in order.
    package init(
        _ plan: LoadPlan, at address: SocketAddress, on reactor: Reactor,
        isAskedToStop: @escaping @Sendable () -> Bool = { false }
    ) {
        self.plan = plan
        self.address = address
        self.reactor = reactor
        self.isAskedToStop = isAskedToStop
        messages = plan.agents.map { plan.template.message(to: $0) }
        keys = KeySet([plan.numberMember, "type", "code"])
        sockets = (0..<plan.socketCount).map { place in
            plan.isPerAgent
                ? LoadSocket(user: place / plan.agents.count, agent: place % plan.agents.count)
                : LoadSocket(user: place, agent: nil)
        }
        ledger = LoadLedger(
            first: MessageTemplate.firstNumber, sockets: plan.socketCount, lanes: plan.agents.count)
        report.sockets = sockets.count
    }

    /// Runs the test to its end.
    ///
    /// - Parameter onProgress: called once a second.
    package func run(_ onProgress: (Progress) -> Void = { _ in }) -> LoadReport {
        begin = reactor.now
        told.at = begin
        report.before = plan.watched.sample()
        if isOfHandshakes { talk() } else { openMore() }
        while !isOver {
            reactor.wait(until: nextMoment())
            while let event = reactor.next() { handle(event) }
            advance()
            if reactor.now >= told.at + .seconds(1) { tell(onProgress) }
        }
        report.bytesSent = reactor.counts.bytesSent
        report.bytesReceived = reactor.counts.bytesReceived
        return report
    }

    private var isOver: Bool { if case .over = phase { true } else { false } }

    // MARK: Time

    private func nextMoment() -> Instant {
        var moment = min(told.at + .seconds(1), reactor.now + .milliseconds(200))
        switch phase {
        case .talking:
            if case .perSecond(let rate) = plan.pace { moment = min(moment, dueTime(of: due, rate)) }
            moment = min(moment, min(talkBegin + plan.duration, windowBegin > reactor.now ? windowBegin : moment))
        case .draining(let until), .holding(let until), .closing(let until): moment = min(moment, until)
        case .opening, .over: break
        }
        return moment
    }

    private func dueTime(of message: Int, _ rate: Double) -> Instant {
        talkBegin + .nanoseconds(Int64(Double(message) / max(0.001, rate) * 1e9))
    }

    private func advance() {
        let now = reactor.now
        switch phase {
        case .opening:
            if opening == 0, nextToOpen == sockets.count { talk() }
            if isAskedToStop() { close() }
        case .talking:
            if case .perSecond(let rate) = plan.pace { sendDue(rate) }
            if atWindow == nil, now >= windowBegin { beginWindow() }
            if hasSentAll || now >= talkBegin + plan.duration || open + opening == 0 || isAskedToStop() { drain() }
        case .draining(let until):
            let isAnswered = isOfHandshakes ? opening == 0 : ledger.open == 0
            if isAnswered || open + opening == 0 || now >= until { hold() }
        case .holding(let until):
            if open == 0 || now >= until || isAskedToStop() { close() }
        case .closing(let until):
            if open == 0 || now >= until { end() }
        case .over: break
        }
    }

    private func talk() {
        guard open > 0 || isOfHandshakes else { return close() }
        phase = .talking
        talkBegin = reactor.now
        windowBegin = talkBegin + plan.warmUp
        if plan.warmUp == .zero { beginWindow() }
        switch plan.pace {
        case .inFlight(let count):
            for place in sockets.indices where sockets[place].isOpen {
                for _ in 0..<max(1, count) { send(on: place, dueAt: reactor.now) }
            }
        case .perSecond: break
        case .handshakes: for place in sockets.indices where mayTalk { dial(place) }
        }
    }

    private var isOfHandshakes: Bool { plan.pace == .handshakes }

    /// The open loop: everything that has become due, on one socket after the other.
    private func sendDue(_ rate: Double) {
        while open > 0, mayTalk {
            let moment = dueTime(of: due, rate)
            guard moment <= reactor.now else { return }
            due += 1
            for _ in sockets.indices {
                nextSocket = (nextSocket + 1) % sockets.count
                if sockets[nextSocket].isOpen { break }
            }
            send(on: nextSocket, dueAt: moment)
        }
    }

    /// Whether another message may be sent.
    var mayTalk: Bool {
        guard case .talking = phase, reactor.now < talkBegin + plan.duration else { return false }
        return !hasSentAll
    }

    private var hasSentAll: Bool {
        guard let most = plan.messages else { return false }
        return (isOfHandshakes ? begun : ledger.nextNumber - MessageTemplate.firstNumber) >= most
    }

    private func drain() {
        // Of so many messages the last answer is the end; of a duration the duration's.
        if !hasSentAll { endWindow(at: min(reactor.now, talkBegin + plan.duration)) }
        phase = .draining(until: reactor.now + plan.patience)
    }

    private func beginWindow() { atWindow = (ProcessorTime.ofThread, plan.watched.sample().seconds) }

    private func endWindow(at end: Instant) {
        guard windowEnd == .distantFuture, windowBegin < end, let atWindow else { return }
        windowEnd = end
        report.windowSeconds = Double((end - windowBegin).nanoseconds) / 1e9
        report.processorSeconds = ProcessorTime.ofThread - atWindow.own
        report.watchedSeconds = plan.watched.sample().seconds - atWindow.watched
    }

    private func hold() {
        endWindow(at: reactor.now)
        phase = .holding(until: reactor.now + plan.hold)
    }

    /// Counts an answer for the figures, where it belongs to them. A late one to a message of the window is what the
    /// slowest figures are about.
    func measure(since moment: Instant) {
        let now = reactor.now
        if now >= windowBegin, now <= windowEnd { report.answeredInWindow += 1 }
        if moment >= windowBegin, moment <= windowEnd { report.latencies.add(now - moment) }
    }

    private func close() {
        endWindow(at: reactor.now)
        report.residentAtEnd = plan.watched.sample().residentBytes
        phase = .closing(until: reactor.now + .seconds(2))
        // What is still on its way to an open socket is of no use any more.
        for place in sockets.indices where !sockets[place].isOver { leave(place) }
    }

    private func end() {
        report.lost += ledger.open
        for place in sockets.indices where !sockets[place].isOver { reactor.close(sockets[place].id) }
        phase = .over
    }

    private func tell(_ onProgress: (Progress) -> Void) {
        let span = Double((reactor.now - told.at).nanoseconds) / 1e9
        let errors = report.errors.values.reduce(0, +) + report.failedOpens.values.reduce(0, +)
        onProgress(
            Progress(
                elapsed: reactor.now - begin, open: open, sent: report.sent, answered: report.answered,
                waiting: ledger.open,
                problems: errors + report.doubled + report.reordered + report.ofOthers + report.unknown
                    + report.lost + report.endedEarly.values.reduce(0, +),
                perSecond: Double(report.answered - told.answered) / span, latencies: report.latencies))
        told = (reactor.now, report.answered)
    }

    // MARK: Opening

    func openMore() {
        guard case .opening = phase else { return }
        while opening < plan.opensAtOnce, nextToOpen < sockets.count {
            let place = nextToOpen
            nextToOpen += 1
            dial(place)
        }
    }

    func dial(_ place: Int) {
        begun += 1
        do throws(SystemError) {
            let id = try reactor.connect(to: address)
            sockets[place].dial(id, at: reactor.now)
            places[id.index] = place
            reactor.setDeadline(id, reactor.now + plan.openTimeout)
            if let tls = plan.tls { reactor.secure(id, with: tls, name: plan.target.name) }
            opening += 1
        } catch {
            report.failedOpens["\(error)", default: 0] += 1
            sockets[place].state = .over
        }
    }

    /// A handshake is over, either way.
    func opened(_ place: Int, problem: String? = nil) {
        opening -= 1
        reactor.setDeadline(sockets[place].id, .distantFuture)
        if let problem {
            report.failedOpens[problem, default: 0] += 1
            forget(place)
        } else {
            sockets[place].state = .open
            open += 1
            report.opened += 1
            measureOpening(of: place)
            if isOfHandshakes {
                leave(place)
                // A target that does not end its side is not waited for longer than that.
                reactor.setDeadline(sockets[place].id, reactor.now + plan.openTimeout)
            }
        }
        openMore()
    }

    private func measureOpening(of place: Int) {
        let isInWindow = reactor.now >= windowBegin && reactor.now <= windowEnd
        if isInWindow { report.openedInWindow += 1 }
        if isInWindow || !isOfHandshakes { report.opens.add(reactor.now - sockets[place].dialledAt) }
    }

    func forget(_ place: Int) {
        var wasOpen = false
        switch sockets[place].state {
        case .open, .closing: wasOpen = true
        case .dialling, .shaking, .over: break
        }
        if wasOpen { open -= 1 }
        let id = sockets[place].id
        sockets[place].state = .over
        places[id.index] = nil
        reactor.close(id)
        // One that could not be opened is not tried again.
        if isOfHandshakes, wasOpen, mayTalk { dial(place) }
    }
}
