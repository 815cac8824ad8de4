import ShuntCore

/// A WebSocket peer that reads and writes RFC 6455 frames by itself, as client or as server.
struct WireSocket: Sendable {
    struct Frame: Equatable {
        var opcode: UInt8
        var payload: [UInt8]
        var isFinal = true
        var isMasked = false

        var text: String { String(decoding: payload, as: UTF8.self) }
        /// Of a close frame.
        var code: UInt16? { payload.count < 2 ? nil : UInt16(payload[0]) << 8 | UInt16(payload[1]) }
        var reason: String { String(decoding: payload.dropFirst(2), as: UTF8.self) }
    }

    let socket: BlockingSocket
    let isClient: Bool

    /// Connects to a proxy; throws where it is not answered with 101.
    static func open(
        port: Int, target: String = "/api/ws/agent", headers: [String] = [], behind: [UInt8] = [],
        receiveBuffer: CInt? = nil
    ) throws -> WireSocket {
        let socket = try BlockingSocket.connect(port: port, receiveBuffer: receiveBuffer)
        try socket.send(Array(request(target: target, headers: headers).utf8) + behind)
        let head = try socket.readHead()
        guard head.hasPrefix("HTTP/1.1 101 "), head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")
        else { throw BlockingSocket.Failure(description: "no upgrade: \(head)") }
        return WireSocket(socket: socket, isClient: true)
    }

    /// A handshake with the key of RFC 6455 §1.3.
    static func request(target: String = "/api/ws/agent", headers: [String] = []) -> String {
        (["GET \(target) HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade"]
            + ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="] + headers + ["", ""])
            .joined(separator: "\r\n")
    }

    static func bytes(
        _ opcode: UInt8, _ payload: [UInt8], masked: Bool, final: Bool = true, key: [UInt8] = [1, 2, 3, 4]
    ) -> [UInt8] {
        let mask: UInt8 = masked ? 0x80 : 0
        var bytes: [UInt8] = [(final ? 0x80 : 0) | opcode]
        switch payload.count {
        case 0..<126:
            bytes.append(mask | UInt8(payload.count))
        case 126..<65536:
            bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            bytes.append(mask | 127)
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(payload.count >> shift & 0xFF)) }
        }
        guard masked else { return bytes + payload }
        bytes += key
        bytes.reserveCapacity(bytes.count + payload.count)
        for (index, byte) in payload.enumerated() { bytes.append(byte ^ key[index % 4]) }
        return bytes
    }

    static func closeBytes(_ code: UInt16, masked: Bool) -> [UInt8] {
        bytes(8, [UInt8(code >> 8), UInt8(code & 0xFF)], masked: masked)
    }

    func send(_ opcode: UInt8, _ payload: [UInt8], final: Bool = true) throws {
        try socket.send(Self.bytes(opcode, payload, masked: isClient, final: final))
    }

    func send(_ text: String) throws { try send(1, Array(text.utf8)) }

    func close(_ code: UInt16) throws { try socket.send(Self.closeBytes(code, masked: isClient)) }

    func readFrame() throws -> Frame {
        let start = try socket.read(2)
        var count = Int(start[1] & 0x7F)
        if count >= 126 {
            count = try socket.read(count == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) }
        }
        let isMasked = start[1] & 0x80 != 0
        let key = isMasked ? try socket.read(4) : [0, 0, 0, 0]
        var payload = try socket.read(count)
        if isMasked { for index in payload.indices { payload[index] ^= key[index % 4] } }
        return Frame(opcode: start[0] & 0x0F, payload: payload, isFinal: start[0] & 0x80 != 0, isMasked: isMasked)
    }

    /// The next text message; answers pings on the way.
    func readText() throws -> String {
        while true {
            let frame = try readFrame()
            switch frame.opcode {
            case 1: return frame.text
            case 9: try send(10, frame.payload)
            case 10: continue
            default: throw BlockingSocket.Failure(description: "opcode \(frame.opcode), code \(frame.code ?? 0)")
            }
        }
    }
}
