import Foundation
import ShuntCore
import ShuntTesting
import Synchronization

/// A backend on a loopback port: a thread for each connection, which runs a script.
final class TestBackend: Sendable {
    typealias Script = @Sendable (_ socket: WireSocket, _ head: String) throws -> Void

    let port: Int
    private let listener: BlockingSocket
    private let state = Mutex(State())

    private struct State {
        var sockets: [BlockingSocket] = []
        var heads: [String] = []
        var isStopped = false
    }

    /// - Parameter handshake: answers the request; returns false where that was all.
    init(
        port: Int = 0, receiveBuffer: CInt? = nil,
        handshake: @escaping @Sendable (BlockingSocket, String) throws -> Bool = TestBackend.accept,
        script: @escaping Script
    ) throws {
        let (listener, port) = try BlockingSocket.listen(port: port, receiveBuffer: receiveBuffer)
        self.listener = listener
        self.port = port
        Thread.detachNewThread { [self] in
            while let socket = listener.accept() {
                let isStopped = state.withLock { state in
                    state.sockets.append(socket)
                    return state.isStopped
                }
                guard !isStopped else { return socket.close() }
                Thread.detachNewThread { [self] in
                    do {
                        let head = try socket.readHead()
                        state.withLock { $0.heads.append(head) }
                        guard try handshake(socket, head) else { return socket.close() }
                        try script(WireSocket(socket: socket, isClient: false), head)
                    } catch {
                        // The peer left, as it may.
                    }
                    socket.shutdown()
                }
            }
        }
    }

    deinit { stop() }

    /// Answers every message with `{"type":"response","message":<the message's text>}`, until the peer leaves.
    static func echo() throws -> TestBackend { try TestBackend(script: answering) }

    static let answering: Script = { socket, _ in
        while true {
            let frame = try socket.readFrame()
            switch frame.opcode {
            case 1:
                let message = try JSONSerialization.jsonObject(with: Data(frame.payload)) as? [String: Any]
                let text = message?["message"] as? String ?? ""
                let reply = try JSONSerialization.data(withJSONObject: ["type": "response", "message": text])
                try socket.send(1, Array(reply))
            case 8:
                try socket.send(8, frame.payload)
                return
            case 9:
                try socket.send(10, frame.payload)
            default:
                break
            }
        }
    }

    static func key(of head: String) -> String {
        for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("sec-websocket-key:") {
            return String(line.dropFirst("sec-websocket-key:".count).drop { $0 == " " })
        }
        return ""
    }

    @Sendable
    static func accept(_ socket: BlockingSocket, _ head: String) throws -> Bool {
        try socket.send(upgrade(acceptKey: SecWebSocket.acceptKey(for: key(of: head))))
        return true
    }

    static func upgrade(acceptKey: String, _ more: String = "") -> String {
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
            + "Sec-WebSocket-Accept: \(acceptKey)\r\n\(more)\r\n"
    }

    /// The requests that opened its connections, in order.
    var heads: [String] { state.withLock { $0.heads } }

    func stop() {
        listener.shutdown()
        let sockets = state.withLock { state in
            state.isStopped = true
            return state.sockets
        }
        for socket in sockets { socket.shutdown() }
    }
}

extension SecWebSocket {
    static func acceptKey(for key: String) -> String { acceptKey(for: ByteString(key)).description }
}
