import ShuntDeflate

/// A client's side of compression: what the answer to its offer says, read apart from the code under test.
struct StormCompression {
    private let deflater: Deflater
    private let inflater: Inflater
    private let keepsOwn: Bool
    private let keepsTheirs: Bool

    /// nil where the answer agrees on nothing.
    init?(answer head: String) {
        guard let line = head.split(separator: "\r\n").first(where: { $0.hasPrefix("Sec-WebSocket-Extensions: ") })
        else { return nil }
        keepsOwn = !line.contains("client_no_context_takeover")
        keepsTheirs = !line.contains("server_no_context_takeover")
        let name = "client_max_window_bits="
        let bits = line.firstRange(of: name).flatMap { range in
            Int(line[range.upperBound...].prefix { $0.isNumber })
        }
        guard let deflater = Deflater(level: 1, windowBits: bits ?? 15), let inflater = Inflater(windowBits: 15) else {
            return nil
        }
        self.deflater = deflater
        self.inflater = inflater
    }

    func compress(_ payload: [UInt8]) -> [UInt8]? {
        var room: [UInt8] = []
        if !keepsOwn { deflater.reset() }
        return deflater.compress(payload.span, into: &room).map { Array(room[..<$0]) }
    }

    /// nil for what is no DEFLATE.
    func expand(_ payload: [UInt8]) -> [UInt8]? {
        var room: [UInt8] = []
        if !keepsTheirs { inflater.reset() }
        guard case .whole(let count) = inflater.expand(payload.span, into: &room, limit: 1 << 24) else { return nil }
        return Array(room[..<count])
    }
}
