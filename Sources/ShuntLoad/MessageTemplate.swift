/// The text of the messages, made once: what differs from one to the next has a fixed width and is put in its place.
package struct MessageTemplate: Sendable {
    /// Why a text is no template, for people.
    package struct Problem: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// A message to one agent, ready but for the numbers.
    struct Message: Sendable {
        var bytes: [UInt8]
        var numbers: [Int] = []
        var users: [Int] = []
    }

    /// Digits of a message's number; the first one is 1000000000.
    package static let numberWidth = 10
    static let firstNumber = 1_000_000_000
    /// Digits of a user's number; the first one is 100000.
    package static let userWidth = 6
    static let firstUser = 100_000

    private let text: String

    /// - Parameter text: a message with `{number}`, and as far as they are wanted `{user}`, `{agent}` and `{pillar}`.
    package init(_ text: String) throws(Problem) {
        guard text.contains("{number}") else {
            throw Problem(
                description:
                    "the message has no {number}: replies are told apart by it, so it must stand in each message")
        }
        self.text = text
    }

    /// A message of the unified protocol that is `size` bytes long, or as short as it can be.
    package static func unified(size: Int, numberMember: String) -> MessageTemplate {
        let member = String(numberMember.filter { $0 != "\"" && $0 != "\\" && !$0.isNewline })
        return MessageTemplate(
            made: #"{"agent_type":"{agent}"{,pillar},"conversation_id":"{user}-{agent}{-pillar}","#
                + #""\#(member)":"{number}","message":"{padding:\#(max(0, size))}"}"#)
    }

    private init(made text: String) { self.text = text }

    /// The message to an agent.
    func message(to agent: LoadAgent) -> Message {
        var made = Message(bytes: [])
        var padding: (place: Int, size: Int)?
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            made.bytes += Array(rest[..<open].utf8)
            let name = rest[rest.index(after: open)..<close]
            rest = rest[rest.index(after: close)...]
            switch name {
            case "number":
                made.numbers.append(made.bytes.count)
                made.bytes += Array(String(Self.firstNumber).utf8)
            case "user":
                made.users.append(made.bytes.count)
                made.bytes += Array(String(Self.firstUser).utf8)
            case "agent": made.bytes += Array(agent.type.utf8)
            case "pillar": made.bytes += Array((agent.pillar ?? "").utf8)
            case ",pillar": made.bytes += agent.pillar.map { Array(#","pillar":"\#($0)""#.utf8) } ?? []
            case "-pillar": made.bytes += agent.pillar.map { Array("-\($0)".utf8) } ?? []
            default:
                if name.hasPrefix("padding:"), let size = Int(name.dropFirst("padding:".count)) {
                    padding = (made.bytes.count, size)
                } else {
                    // A brace of the message's own; what is in it may hold another.
                    made.bytes.append(UInt8(ascii: "{"))
                    rest = text[text.index(after: open)...]
                }
            }
        }
        made.bytes += Array(rest.utf8)
        if let padding { made.fill(padding.place, to: padding.size) }
        return made
    }
}

extension MessageTemplate.Message {
    /// Makes the message so many bytes long by what is put in at a place behind all numbers.
    fileprivate mutating func fill(_ place: Int, to size: Int) {
        let missing = max(0, size - bytes.count)
        bytes.insert(contentsOf: Array(repeating: UInt8(ascii: "x"), count: missing), at: place)
    }

    /// Puts a message's and a user's number in their places.
    mutating func put(_ number: Int, user: Int) {
        for place in numbers { write(number, MessageTemplate.numberWidth, at: place) }
        for place in users { write(MessageTemplate.firstUser + user % 900_000, MessageTemplate.userWidth, at: place) }
    }

    private mutating func write(_ number: Int, _ width: Int, at place: Int) {
        var left = number
        for digit in stride(from: place + width - 1, through: place, by: -1) where bytes.indices.contains(digit) {
            bytes[digit] = UInt8(ascii: "0") + UInt8(left % 10)
            left /= 10
        }
    }
}
