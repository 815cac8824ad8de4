import Foundation
import Testing

/// Inside the core a machine calls only machines that stand below it; what it needs of others goes on the agenda. As far as
/// that can be read from the text: by the names of functions and their first labels.
@Suite struct MachineTests {
    /// From the bottom to the top. A file calls functions of files that are listed before it, and its own.
    private static let order = [
        // What is counted, read and written, and when something is looked at next.
        "Metering", "Usage", "Absorbing", "Reshaping", "Forms", "Notices", "Schedule", "Pools", "Naming", "Listening",
        // What a message waits for, and which side serves it.
        "Gates", "Placement", "Greetings", "Parking",
        // How messages, clients and connections end.
        "Leaving", "Outcomes", "Brownouts", "Retiring", "PassthroughLinks", "Losing", "Drain",
        // How messages are sent.
        "Sides", "Sending", "Dialling", "OneWay", "Queueing", "DialOnConnect", "Overtaking", "Streams", "Pushes",
        "Opening", "Expiry",
        // What comes: messages, replies, clients, tables.
        "Messages", "Passthrough", "Replies", "Sessions", "Arrivals", "Table", "Kicking",
        // What is left to do, what is due, and what happens.
        "Agenda", "Deadlines", "Dialled", "Closing", "ClientEvents", "ConnectionEvents", "Events",
        "Reports", "Inconsistencies",
    ]

    private struct Machine {
        let name: String
        let text: String
    }

    /// A function by its name and first label; nil for none.
    private struct Signature: Hashable {
        let name: Substring
        let label: Substring?
    }

    private let machines: [Machine]

    init() throws {
        machines = try SourceFile.all().compactMap { file in
            guard let name = file.path.wholeMatch(of: /ShuntCore\/Switchboard\/Switchboard\+(\w+)\.swift/)?.1 else {
                return nil
            }
            let code = file.lines.map { line in line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line }
            return Machine(name: String(name), text: code.joined(separator: "\n"))
        }
        try #require(machines.count > 30, "the machines are found")
    }

    private func declared(in text: String) -> Set<Signature> {
        Set(
            text.matches(of: /func\s+(\w+)(?:<[^>]*>)?\s*\(\s*(\w+)?/).map {
                Signature(name: $0.1, label: $0.2 == "_" ? nil : $0.2)
            })
    }

    private func called(in text: String) -> Set<Signature> {
        Set(
            text.matches(of: /([.\w]?)\b(\w+)\(\s*(?:(\w+):)?/).compactMap {
                $0.1.isEmpty ? Signature(name: $0.2, label: $0.3) : nil
            })
    }

    @Test func `each machine has its place`() {
        #expect(Set(machines.map(\.name)) == Set(Self.order), "say in MachineTests where a new machine stands")
    }

    @Test func `no machine names one that stands above it`() {
        let declarations = Dictionary(uniqueKeysWithValues: machines.map { ($0.name, declared(in: $0.text)) })
        for machine in machines {
            guard let place = Self.order.firstIndex(of: machine.name) else { continue }
            let foreign = called(in: machine.text).subtracting(declarations[machine.name] ?? [])
            for above in Self.order[(place + 1)...] {
                // What stands below as well may be meant.
                let below = Self.order[..<place].reduce(into: Set<Signature>()) { $0.formUnion(declarations[$1] ?? []) }
                for name in foreign.intersection(declarations[above] ?? []).subtracting(below) {
                    Issue.record("\(machine.name) calls \(name.name) of \(above): put it on the agenda")
                }
            }
        }
    }
}
