import Logging
import ShuntCore

/// What a worker says in the log: messages that never change, values as metadata. Nothing per message, never a token,
/// never a query.
///
/// What a broken upstream or a hostile client can cause in any number is said once a second for each upstream and kind,
/// with the count of those that were not said.
final class WorkerLog {
    private let logger: Logger
    private let reminders: Reminders
    private var said: [Subject: Said] = [:]

    private struct Subject: Hashable {
        var upstream: Int
        var kind: String
    }

    private struct Said {
        var at: Instant
        var unsaid: Int
    }

    private static let every = TimeSpan.seconds(1)

    init(logger: Logger, worker: Int, reminders: Reminders) {
        var logger = logger
        logger[metadataKey: "worker"] = "\(worker)"
        self.logger = logger
        self.reminders = reminders
    }

    /// - Parameter problem: more about a dial that failed.
    func note(_ note: LoggedEvent, now: Instant, table: RoutingTable, problem: String? = nil) {
        func name(_ upstream: Int) -> String { table.nameOfUpstream(upstream) }
        switch note {
        case .connectionRetired(let upstream, let reason):
            say(.debug, "connection retired", upstream, "\(reason)", now, ["upstream": "\(name(upstream))"])
        case .dialFailed(let upstream, let failure, let isOwn):
            var metadata: Logger.Metadata = ["upstream": "\(name(upstream))"]
            let settings = table.upstreams.indices.contains(upstream) ? table.upstreams[upstream].settings : nil
            if failure == .nameNotResolved, let settings { metadata["host"] = "\(settings.address.host)" }
            if failure == .refused(status: 403), let settings, settings.mayDisagree(isOwn: isOwn) {
                metadata["told"] = "\(settings.namesText(isOwn: isOwn))"
                metadata["advice"] = "\(UpstreamSettings.namesAdvice)"
            }
            if let problem { metadata["problem"] = "\(problem)" }
            say(.warning, "dial failed", upstream, failure.word, now, metadata)
        case .breakerOpened(let upstream):
            logger.warning("breaker opened", metadata: ["upstream": "\(name(upstream))"])
        case .breakerClosed(let upstream):
            logger.notice("breaker closed", metadata: ["upstream": "\(name(upstream))"])
        case .unexpectedReply(let upstream):
            say(.warning, "unexpected reply", upstream, "", now, ["upstream": "\(name(upstream))"])
        case .upstreamClosed, .unlistedType: break
        }
    }

    /// A backend ended a connection, for the reason that it says.
    ///
    /// - Parameter isPassed: a client hears the same, to whom an ordinary end is nothing new.
    func upstreamClosed(_ upstream: Int, _ close: PeerClose, isPassed: Bool, now: Instant, table: RoutingTable) {
        let code = close.isCut ? "none" : close.code.map { "\($0.rawValue)" } ?? "1005"
        var metadata: Logger.Metadata = ["upstream": "\(table.nameOfUpstream(upstream))", "code": "\(code)"]
        if !close.reason.isEmpty { metadata["reason"] = "\(String(decoding: close.reason, as: UTF8.self))" }
        if let code = close.code, table.upstreams.indices.contains(upstream),
            let meaning = table.upstreams[upstream].settings.closes[code.rawValue]
        {
            metadata["means"] = "\(meaning)"
        }
        let isOrdinary = isPassed && (close.code == nil || close.code == .normal || close.code == .goingAway)
        // Each code for itself, the made up ones together: what is remembered is bounded.
        let isKnown = metadata["means"] != nil || (close.code?.rawValue ?? 0) < 4100
        say(isOrdinary ? .debug : .notice, "upstream closed", upstream, kind: isKnown ? code : "other", now, metadata)
    }

    /// Messages of a backend were dropped, and their types are named nowhere: the text says which.
    func dropped(_ text: String, upstream: String) {
        logger.warning("dropped: \(text)", metadata: ["upstream": "\(upstream)"])
    }

    /// The core made a splice that points nowhere: an error of ours, and a message that did not leave.
    func unwritable(length: Int) {
        logger.error("message could not be written", metadata: ["length": "\(length)"])
    }

    #if DEBUG
        /// Two things that the core knows contradict each other: an error of ours.
        func contradiction(_ text: String) {
            logger.error("the core contradicts itself", metadata: ["found": "\(text)"])
        }
    #endif

    /// A peer broke the protocol. Clients do so at will: that is for those who look for it.
    func violation(_ violation: FrameViolation, isUpstream: Bool) {
        let level: Logger.Level = isUpstream ? .notice : .debug
        logger.log(
            level: level, "protocol violation",
            metadata: ["by": isUpstream ? "upstream" : "client", "violation": "\(violation)"])
    }

    /// A client did not come so far as to ask for anything: TLS, or the head of the PROXY protocol, was not what it has to be.
    func turnedAway(_ why: String, problem: String, remote: String, now: Instant) {
        guard let unsaid = reminders.take(why, every: .seconds(5), now: now) else { return }
        var metadata: Logger.Metadata = ["reason": "\(why)", "problem": "\(problem)", "remote": "\(remote)"]
        if unsaid > 0 { metadata["unsaid"] = "\(unsaid)" }
        logger.notice("client turned away", metadata: metadata)
    }

    /// A handshake was refused. The path is that of the request, without its query.
    func refused(_ refusal: HandshakeVerdict.Refusal, path: String, remote: String, now: Instant) {
        var metadata: Logger.Metadata = [
            "status": "\(refusal.status)", "code": "\(refusal.code)", "reason": "\(refusal.message)", "path": "\(path)",
            "remote": "\(remote)",
        ]
        var level = refusal.code == "origin_refused" ? Logger.Level.notice : .debug
        // Mostly the configuration's fault, and then every client's: somebody has to hear of it.
        if refusal.code == HandshakeVerdict.Refusal.tokenAmbiguousCode,
            let unsaid = reminders.take(refusal.code, every: .minutes(1), now: now)
        {
            level = .warning
            if unsaid > 0 { metadata["unsaid"] = "\(unsaid)" }
        }
        logger.log(level: level, "handshake refused", metadata: metadata)
    }

    /// One token comes from so many places that it is hardly one person's.
    func sharedToken(session: [UInt8], now: Instant) {
        guard let unsaid = reminders.take("shared token", every: .minutes(1), now: now) else { return }
        var metadata: Logger.Metadata = [
            "session": "\(String(decoding: session, as: UTF8.self))", "addresses": "\(SharedTokens.many) or more",
            "user_agents": "\(SharedTokens.many) or more",
        ]
        if unsaid > 0 { metadata["unsaid"] = "\(unsaid)" }
        logger.warning(
            "one session token comes from many addresses and user agents: they share one session", metadata: metadata)
    }

    /// Windows begin and end.
    func brownouts(_ before: [Brownout], _ after: [Brownout]) {
        func metadata(_ brownout: Brownout) -> Logger.Metadata {
            [
                "routes": "\(brownout.routes.joined(separator: " "))", "share": "\(brownout.share.percentText)",
                "until": "\(brownout.until.shortText)",
            ]
        }
        for brownout in before where !after.contains(brownout) {
            logger.notice("brownout is over", metadata: metadata(brownout))
        }
        for brownout in after where !before.contains(brownout) {
            logger.notice("brownout begins", metadata: metadata(brownout))
        }
    }

    /// A client app was seen on a deprecated endpoint for the first time on that day. It is what the client calls itself.
    func deprecatedUse(_ app: ClientApp, _ endpoint: String) {
        logger.info(
            "deprecated endpoint used",
            metadata: ["app": "\(app.name)", "version": "\(app.version)", "endpoint": "\(endpoint)"])
    }

    func deprecatedUseIsFull() {
        logger.info("deprecated endpoints are used by more apps than are told in a day")
    }

    private func say(
        _ level: Logger.Level, _ message: Logger.Message, _ upstream: Int, _ reason: String, _ now: Instant,
        _ metadata: Logger.Metadata
    ) {
        var metadata = metadata
        if !reason.isEmpty { metadata["reason"] = "\(reason)" }
        say(level, message, upstream, kind: reason, now, metadata)
    }

    /// - Parameter kind: what is counted apart from others of the same message.
    private func say(
        _ level: Logger.Level, _ message: Logger.Message, _ upstream: Int, kind: String, _ now: Instant,
        _ metadata: Logger.Metadata
    ) {
        guard logger.logLevel <= level else { return }
        let subject = Subject(upstream: upstream, kind: "\(message) \(kind)")
        var metadata = metadata
        if let last = said[subject], now - last.at < Self.every {
            said[subject] = Said(at: last.at, unsaid: last.unsaid &+ 1)
            return
        }
        if let unsaid = said[subject]?.unsaid, unsaid > 0 { metadata["unsaid"] = "\(unsaid)" }
        said[subject] = Said(at: now, unsaid: 0)
        logger.log(level: level, message, metadata: metadata)
    }
}

extension DialFailure {
    /// What the log and the documentation call it.
    fileprivate var word: String { self == .unanswered ? "\(DialFailure.badHandshake)" : "\(self)" }
}
