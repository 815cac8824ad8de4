/// What a backend said first on a connection, for sockets that come later: the last message of each type.
package struct KeptGreetings: Sendable {
    package struct Greeting: Sendable {
        /// As JSON.
        package let type: [UInt8]
        package let message: [UInt8]
        /// By which it is brought to the unified form.
        let rules: ReplyRules
    }

    /// So much is kept for a connection, in bytes.
    package static let most = 64 << 10

    package private(set) var list: [Greeting] = []
    package private(set) var bytes = 0
    package init() {}

    /// Keeps a message in the place of an earlier one of its type, where there is room.
    mutating func keep(_ message: [UInt8], type: [UInt8], _ rules: ReplyRules) {
        if let place = list.firstIndex(where: { $0.type == type }) {
            bytes -= list[place].message.count
            list.remove(at: place)
        }
        guard bytes + message.count <= Self.most else { return }
        list.append(Greeting(type: type, message: message, rules: rules))
        bytes += message.count
    }
}
