import NIOCore
import NIOWebSocket
import Synchronization

/// One open socket of a client: it speaks in its rhythm, and listens until the socket ends.
struct Conversation: Sendable {
    /// What speaking and listening share.
    final class Memory: Sendable {
        struct Notes {
            var speech: Speech
            var persistence: Persistence
            /// Since when an answer is due.
            var waitingSince: ContinuousClock.Instant?
        }
        let notes: Mutex<Notes>

        init(_ role: Role, agents: [Destination.Agent]) {
            // Begins anywhere, so that what is asked seldom comes up in short visits too.
            let speech = Speech(role, agents: agents, count: Int.random(in: 0..<1000))
            notes = Mutex(Notes(speech: speech, persistence: Persistence(role)))
        }
    }

    let socket: ClientSocket
    let role: Role
    /// One, or all that a socket on the unified endpoint reaches.
    let agents: [Destination.Agent]
    let memory: Memory

    /// A user waits that long for an answer before the next message.
    private static let patience = Duration.seconds(20)
    private static let heartbeatEvery = Duration.seconds(30)

    /// Returns when the socket has ended; when the task is cancelled it leaves as a page does that is closed.
    func run() async -> SocketEnd {
        let end = try? await socket.executeThenClose { inbound, outbound in
            let end = await withTaskGroup(of: SocketEnd?.self) { group in
                group.addTask { await listen(inbound, outbound) }
                group.addTask {
                    await speak(outbound)
                    return nil
                }
                // Whoever speaks stops where nobody listens, not the other way round.
                while let ended = await group.next() {
                    if let ended {
                        group.cancelAll()
                        return ended
                    }
                }
                return .closed(code: 1006)
            }
            if Task.isCancelled { sayGoodbye() }
            return end
        }
        return end ?? .closed(code: 1006)
    }

    private func listen(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>,
        _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    ) async -> SocketEnd {
        do {
            for try await frame in inbound {
                var bytes = frame.unmaskedData
                switch frame.opcode {
                case .text: hear(String(buffer: bytes))
                case .ping: try await outbound.write(Self.frame(.pong, bytes))
                case .connectionClose:
                    try? await outbound.write(Self.frame(.connectionClose, bytes))
                    return .closed(code: bytes.readInteger(as: UInt16.self).map(Int.init) ?? 1005)
                default: break
                }
            }
        } catch {
            // A socket that breaks has ended like one that is cut.
        }
        return .closed(code: 1006)
    }

    private func hear(_ text: String) {
        memory.notes.withLock { notes in
            notes.persistence.heard()
            if notes.speech.hear(text) { notes.waitingSince = nil }
        }
    }

    private func speak(_ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>) async {
        memory.notes.withLock { $0.waitingSince = nil }
        var lastHeartbeat = ContinuousClock.now
        var turn = 0
        do {
            while true {
                try await Task.sleep(for: .seconds(Double.random(in: role.rhythm)))
                let now = ContinuousClock.now
                if now - lastHeartbeat >= Self.heartbeatEvery {
                    lastHeartbeat = now
                    if let text = memory.notes.withLock({ $0.speech.heartbeat() }) { try await write(text, outbound) }
                }
                let agent = agents[turn % agents.count]
                let text: String? = memory.notes.withLock { notes in
                    if let since = notes.waitingSince, now - since < Self.patience { return nil }
                    notes.waitingSince = now
                    return notes.speech.message(to: agent)
                }
                guard let text else { continue }
                turn += 1
                try await write(text, outbound)
            }
        } catch {
            // Cancelled, or nothing can be written any more: whoever listens sees how it ended.
        }
    }

    private func write(_ text: String, _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>) async throws {
        try await outbound.write(Self.frame(.text, ByteBuffer(string: text)))
    }

    /// Not by the writer, which takes nothing more from a cancelled task.
    private func sayGoodbye() {
        var bytes = ByteBuffer()
        bytes.write(webSocketErrorCode: .goingAway)
        socket.channel.writeAndFlush(Self.frame(.connectionClose, bytes), promise: nil)
    }

    /// Clients mask what they send (RFC 6455 §5.3).
    private static func frame(_ opcode: WebSocketOpcode, _ bytes: ByteBuffer) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: bytes)
    }
}
