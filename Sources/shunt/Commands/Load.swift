import ArgumentParser
import Foundation
import ShuntConfig
import ShuntCore
import ShuntLoad
import ShuntReactor

/// `shunt load URL`: users that talk with agents over as many sockets as wanted, every reply checked.
struct LoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Put load on a WebSocket endpoint and check every reply.",
        discussion: """
            Each user talks with the agents in turn over one socket; a URL with {agent} gives each user a socket for each \
            agent. Every message has a number, and a reply must repeat it: lost, double, late and mixed-up replies are \
            found. Without --rate each socket has --in-flight messages under way; with it so many are sent a second, \
            whatever comes back, and a latency counts from when its message was due. With --handshakes nothing is said: each \
            socket is closed as soon as it is open, and opened again.

              shunt load ws://127.0.0.1:8080/api/ws/agent?session_token=load-{user} --users 100 --agents guide
              shunt load ws://127.0.0.1:8080/api/ws/{agent} --agents guide --rate 5000 --duration 30s --json

            Exit codes: 0 every message was answered once, in order, without an error; 1 not so; 64 the command line \
            makes no sense; 69 nobody listens there.
            """)

    @Argument(help: "Where sockets connect; {user}, {agent} and {pillar} differ.")
    var url: String

    @Option(help: "Users; each is a session of its own where the URL or a header names {user}.")
    var users = 100

    @Option(help: "Agents with whom each user talks in turn, such as guide,liaison/content.")
    var agents = "chat"

    @Option(help: "Messages of each socket that are under way at the same time.")
    var inFlight = 1

    @Option(help: "Messages a second over all sockets, instead of so many under way.")
    var rate: Double?

    @Option(help: "How long messages are sent: 500ms, 10s, 5m.")
    var duration = "10s"

    @Option(help: "How much of that counts for no figure (default: 1s; nothing with --messages or less than 3s).")
    var warmUp: String?

    @Option(help: "Messages (or handshakes) in all, if that is less than the duration has room for.")
    var messages: Int?

    @Flag(help: "Open and close sockets again and again, as many at a time as there would be else.")
    var handshakes = false

    @Option(help: "How long replies are awaited after the last message.")
    var patience = "5s"

    @Option(help: "How long all sockets stay open after the last reply.")
    var hold = "0s"

    @Option(help: "Bytes of a message.")
    var size = 200

    @Option(
        help: """
            A message of your own: a file with {number}, and {user}, {agent}, {pillar} as far as wanted; {,pillar} is the \
            whole member with its comma, for agents that have one.
            """,
        completion: .file())
    var template: String?

    @Option(help: "The member of a reply that repeats the number.")
    var number = "request_id"

    @Option(help: "A header field of the handshake, such as 'Origin: https://app.example.com'; may be repeated.")
    var header: [String] = []

    @Option(
        help: "Who vouches for the target's certificate, a PEM file (default: the system's authorities).",
        completion: .file())
    var ca: String?

    @Flag(help: "Do not look at the target's certificate; on this machine only.")
    var insecure = false

    @Option(help: "A process whose processor time and memory are told beside, its children's too; may be repeated.")
    var watch: [Int32] = []

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    @Flag(help: "The target may be another machine: say so only where you may load it.")
    var allowRemote = false

    func run() throws {
        do throws(CommandFailure) {
            let plan = try plan()
            let report = try run(plan)
            Output.print(json ? try LoadText.json(report, plan) : LoadText.table(report, plan))
            if !report.isClean { throw CommandFailure(.refused, LoadText.complaint(report)) }
        } catch {
            Output.complain(error.text)
            throw error.exitCode
        }
    }

    private func run(_ plan: LoadPlan) throws(CommandFailure) -> LoadReport {
        let address = try address(of: plan.target)
        guard !insecure || address.isLoopback else {
            throw CommandFailure(
                .usage, "--insecure is for targets on this machine; --ca names who vouches for another")
        }
        signal(SIGPIPE, SIG_IGN)
        ProcessLimits.raiseOpenFiles()
        Interruption.await()
        let reactor: Reactor
        do throws(SystemError) {
            reactor = try Reactor()
        } catch {
            throw CommandFailure(.refused, "no poller can be had: \(error)")
        }
        let isTerminal = isatty(STDERR_FILENO) == 1
        let run = LoadRun(plan, at: address, on: reactor, isAskedToStop: { Interruption.came })
        let report = run.run { progress in
            if isTerminal { Output.complain("\r\u{1B}[K" + LoadText.line(progress), end: "") }
        }
        if isTerminal { Output.complain("\r\u{1B}[K", end: "") }
        guard report.opened > 0 else {
            throw CommandFailure(
                .unreachable, "no socket could be opened at \(url): \(LoadText.counts(report.failedOpens))")
        }
        return report
    }

    private func address(of target: LoadTarget) throws(CommandFailure) -> SocketAddress {
        guard let address = HostNames.addresses(of: target.host, port: UInt16(clamping: target.port)).first else {
            throw CommandFailure(.unreachable, "the host \(target.host) has no address")
        }
        guard address.isLoopback || allowRemote else {
            throw CommandFailure(
                .usage, "\(target.host) is another machine: say --allow-remote where you may put load on it")
        }
        return address
    }

    /// What the command line asks for.
    func plan() throws(CommandFailure) -> LoadPlan {
        let names = agents.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        guard !names.isEmpty, names.allSatisfy({ !$0.isEmpty }) else {
            throw CommandFailure(.usage, "--agents wants names such as guide,liaison/content")
        }
        guard users > 0, inFlight > 0, rate ?? 1 > 0, messages ?? 0 >= 0, size >= 0, size <= 16 << 20 else {
            throw CommandFailure(
                .usage, "--users, --in-flight and --rate want more than 0, --messages no less, --size at most 16 MiB")
        }
        guard !handshakes || rate == nil else {
            throw CommandFailure(.usage, "--handshakes has no --rate: a handshake begins when one before it is over")
        }
        var plan = LoadPlan(
            target: try target(), users: users, agents: names.map { LoadAgent($0) },
            pace: handshakes ? .handshakes : rate.map { .perSecond($0) } ?? .inFlight(inFlight),
            duration: try span(duration, "--duration"), template: try messageTemplate())
        let isShort = messages != nil || plan.duration < .seconds(3)
        plan.warmUp =
            try warmUp.map { text throws(CommandFailure) in try span(text, "--warm-up") }
            ?? (isShort ? .zero : .seconds(1))
        guard plan.warmUp < plan.duration else {
            throw CommandFailure(.usage, "the warm-up leaves nothing of --duration \(duration)")
        }
        plan.messages = messages
        plan.patience = try span(patience, "--patience")
        plan.hold = try span(hold, "--hold")
        plan.tls = try trust(for: plan.target)
        plan.watched = ProcessWatch(watch)
        if let missing = plan.watched.missing {
            throw CommandFailure(.usage, "--watch \(missing): there is no such process")
        }
        plan.numberMember = number
        plan.headers = try header.map { field throws(CommandFailure) in
            guard let colon = field.firstIndex(of: ":") else {
                throw CommandFailure(.usage, "--header '\(field)' has no colon: use 'Name: value'")
            }
            let value = field[field.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            return (String(field[..<colon]), value)
        }
        return plan
    }

    private func target() throws(CommandFailure) -> LoadTarget {
        do throws(LoadTarget.Problem) {
            return try LoadTarget(url)
        } catch {
            throw CommandFailure(.usage, error.description)
        }
    }

    /// What TLS is spoken with, where it is.
    private func trust(for target: LoadTarget) throws(CommandFailure) -> TLSContext? {
        guard target.isSecured else {
            guard ca == nil, !insecure else { throw CommandFailure(.usage, "--ca and --insecure are for wss://") }
            return nil
        }
        var settings = TLSClientSettings()
        settings.authorities = ca
        settings.verifies = !insecure
        // Each socket is another browser.
        settings.resumes = false
        do throws(TLSProblem) {
            return try TLSContext(settings)
        } catch {
            throw CommandFailure(.usage, error.description)
        }
    }

    private func messageTemplate() throws(CommandFailure) -> MessageTemplate {
        guard let template else { return .unified(size: size, numberMember: number) }
        guard let text = try? String(contentsOfFile: template, encoding: .utf8) else {
            throw CommandFailure(.usage, "\(template) cannot be read as text")
        }
        do throws(MessageTemplate.Problem) {
            return try MessageTemplate(text.trimmingCharacters(in: .newlines))
        } catch {
            throw CommandFailure(.usage, "\(template): \(error.description)")
        }
    }

    private func span(_ text: String, _ option: String) throws(CommandFailure) -> TimeSpan {
        guard let span = TimeSpan(setting: text) else {
            throw CommandFailure(.usage, "\(option) \(text) is no duration: use 500ms, 10s or 5m")
        }
        return span
    }
}
