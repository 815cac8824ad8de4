import ShuntTesting

/// A WebSocket peer that reads and writes RFC 6455 frames by itself, as client or as server.
struct WireSocket: Sendable {
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
        _ opcode: UInt8, _ payload: [UInt8], masked: Bool, final: Bool = true, reserved: UInt8 = 0,
        key: [UInt8] = [1, 2, 3, 4]
    ) -> [UInt8] {
        naiveFrame(opcode, payload, final: final, reserved: reserved, mask: masked ? key : nil)
    }

    static func closeBytes(_ code: UInt16, masked: Bool) -> [UInt8] {
        bytes(8, [UInt8(code >> 8), UInt8(code & 0xFF)], masked: masked)
    }

    func send(_ opcode: UInt8, _ payload: [UInt8], final: Bool = true) throws {
        try socket.send(Self.bytes(opcode, payload, masked: isClient, final: final))
    }

    func send(_ text: String) throws { try send(1, Array(text.utf8)) }

    func close(_ code: UInt16) throws { try socket.send(Self.closeBytes(code, masked: isClient)) }

    func readFrame() throws -> NaiveFrame {
        var reader = NaiveFrameReader()
        while true {
            // No byte more than the frame's: what is behind it is the next one's.
            if let frame = reader.feed(try socket.read(reader.missing)).first { return frame }
        }
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
