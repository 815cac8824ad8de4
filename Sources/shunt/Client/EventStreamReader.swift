/// Reads server-sent events (WHATWG HTML §9.2.6) as far as the admin API makes use of them: comments and ids are passed
/// over, the data of each event comes out.
struct EventStreamReader {
    /// The bytes of a line that is not yet whole.
    private var line: [UInt8] = []
    private var data: [String] = []
    private var endedWithReturn = false

    /// - Returns: the data of the events that these bytes complete.
    mutating func read(_ bytes: some Sequence<UInt8>) -> [String] {
        var events: [String] = []
        for byte in bytes {
            defer { endedWithReturn = byte == 0x0D }
            switch byte {
            case 0x0A where endedWithReturn: continue
            case 0x0A, 0x0D:
                if let event = endLine() { events.append(event) }
            default: line.append(byte)
            }
        }
        return events
    }

    /// - Returns: the data of an event, when the line was the empty one behind it.
    private mutating func endLine() -> String? {
        defer { line.removeAll(keepingCapacity: true) }
        if line.isEmpty {
            defer { data = [] }
            return data.isEmpty ? nil : data.joined(separator: "\n")
        }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("data:") {
            let value = text.dropFirst(5)
            data.append(String(value.first == " " ? value.dropFirst() : value))
        }
        return nil
    }
}
