import NIOCore
import NIOEmbedded
import ShuntCore
import Testing

@testable import ShuntRuntime

/// Real worker and handlers under a seeded storm: bytes cut anywhere, peers that come, go, stop reading and break the
/// protocol. The model knows only what each peer said and heard.
@Suite
struct SeededTests {
    @Test(arguments: 0..<24 as Range<UInt64>)
    func `every reply reaches the socket that asked, in order, once`(_ seed: UInt64) throws {
        var storm = try Storm(seed: seed)
        for _ in 0..<400 { try storm.step() }
        try storm.calm()
        #expect(storm.faults.isEmpty, "seed \(seed): \(storm.faults.prefix(3))")
        #expect(storm.answered > 0)
        // Nothing is left over of anybody.
        #expect(storm.world.worker.inbox.isEmpty && !storm.world.worker.isApplying)
        #expect(storm.world.worker.clients.count == storm.openClients)
    }

    /// Clients with numbered messages, an upstream for each session that echoes the numbers in order.
    private struct Storm {
        let world: EmbeddedWorld
        var faults: [String] = []
        var answered = 0
        private var random: MaskingKeys
        private var clients: [Client] = []
        private var upstreams: [Upstream] = []
        private var nextNumber = 0

        private struct Client {
            var channel: EmbeddedChannel
            var name: String
            /// Numbers that were sent and not yet answered, in order.
            var waiting: [Int] = []
            /// Bytes on their way to the proxy.
            var unsent: [UInt8] = []
            var parser = FrameParser()
            var isOpen = true
        }

        private struct Upstream {
            var channel: EmbeddedChannel
            var parser = FrameParser()
            /// Bytes on their way to the proxy.
            var unsent: [UInt8] = []
        }

        var openClients: Int { clients.count { $0.isOpen } }

        init(seed: UInt64) throws {
            random = MaskingKeys(seed: seed)
            world = try EmbeddedWorld { table in
                table.upstreams[0].inFlight = 4
                table.upstreams[0].queue.timeout = .seconds(600)
                table.upstreams[0].exchangeTimeout = .seconds(600)
                table.limits.messagesPerSecond = 1_000_000
                table.limits.idleTimeout = .hours(10)
            }
        }

        private mutating func below(_ bound: Int) -> Int {
            Int(truncatingIfNeeded: random.word() % UInt64(max(1, bound)))
        }

        mutating func step() throws {
            switch below(16) {
            case 0 where clients.count < 12: try connect()
            case 1...5: say()
            case 6...9: try sendSome(all: false)
            case 10...12: try serve()
            case 13: try pause()
            case 14 where below(4) == 0: try leave()
            case 15: world.pass(.milliseconds(Int64(below(20))))
            default: world.run()
            }
            try listen()
        }

        /// Lets everything arrive.
        mutating func calm() throws {
            for client in clients where client.isOpen { try setReading(client.channel, true) }
            for _ in 0..<60 {
                try sendSome(all: true)
                try serve()
                world.pass(.milliseconds(500))
                try listen()
            }
            for client in clients where client.isOpen && !client.waiting.isEmpty {
                faults.append("\(client.name) never heard of \(client.waiting)")
            }
        }

        // MARK: Clients

        private mutating func connect() throws {
            let name = "u\(below(4))"
            clients.append(Client(channel: try world.client(target: "/api/ws/agent?session_token=\(name)"), name: name))
        }

        private mutating func say() {
            guard let index = someone() else { return }
            nextNumber += 1
            let padding = String(repeating: "x", count: below(8) == 0 ? below(70_000) : below(200))
            let name = clients[index].name
            let text = #"{"agent_type":"guide","message":"\#(name)#\#(nextNumber)#\#(padding)"}"#
            clients[index].unsent += WireSocket.bytes(1, Array(text.utf8), masked: true)
            clients[index].waiting.append(nextNumber)
            if below(10) == 0 { clients[index].unsent += WireSocket.bytes(9, [7], masked: true) }
        }

        private mutating func sendSome(all: Bool) throws {
            for index in clients.indices where clients[index].isOpen && (all || below(2) == 0) {
                let count = all ? clients[index].unsent.count : below(clients[index].unsent.count + 1)
                let part = Array(clients[index].unsent.prefix(count))
                clients[index].unsent.removeFirst(count)
                if !part.isEmpty { try clients[index].channel.writeInbound(ByteBuffer(bytes: part)) }
            }
        }

        private mutating func leave() throws {
            guard let index = someone() else { return }
            clients[index].isOpen = false
            switch below(3) {
            case 0: try clients[index].channel.close().wait()
            case 1:
                try clients[index].channel.writeInbound(
                    ByteBuffer(bytes: clients[index].unsent + WireSocket.closeBytes(1000, masked: true)))
            default:
                try clients[index].channel.writeInbound(
                    ByteBuffer(bytes: clients[index].unsent + WireSocket.bytes(3, [], masked: true)))
            }
        }

        private mutating func pause() throws {
            guard let index = someone() else { return }
            // Never for long: a client that is congested when a reply comes is closed, as it must be.
            try setReading(clients[index].channel, false)
            try setReading(clients[index].channel, true)
        }

        private func setReading(_ channel: EmbeddedChannel, _ reads: Bool) throws {
            guard channel.isActive, channel.isWritable != reads else { return }
            channel.isWritable = reads
            channel.pipeline.fireChannelWritabilityChanged()
        }

        private mutating func someone() -> Int? {
            let open = clients.indices.filter { clients[$0].isOpen }
            return open.isEmpty ? nil : open[below(open.count)]
        }

        private mutating func listen() throws {
            for index in clients.indices {
                for write in try clients[index].channel.writes() {
                    for frame in clients[index].parser.feed(write) where frame.opcode == 1 {
                        hear(frame.text, index)
                    }
                }
                if clients[index].isOpen, !clients[index].channel.isActive {
                    faults.append("\(clients[index].name) was cut")
                    clients[index].isOpen = false
                }
            }
        }

        private mutating func hear(_ text: String, _ index: Int) {
            let parts = text.split(separator: "#")
            guard parts.count >= 3, let number = Int(parts[1]) else {
                return faults.append("odd reply: \(text.prefix(200))")
            }
            let name = clients[index].name
            guard parts[0].hasSuffix(name) else { return faults.append("\(name) heard \(parts[0])") }
            // Replies to a socket that left are parked for the session's next one.
            guard let place = clients[index].waiting.firstIndex(of: number) else { return }
            if place != 0 { faults.append("\(name) heard \(number) before \(clients[index].waiting[0])") }
            clients[index].waiting.remove(at: place)
            answered += 1
        }

        // MARK: Upstreams

        private mutating func serve() throws {
            world.run()
            while !world.undialled { upstreams.append(Upstream(channel: try world.upstream())) }
            for index in upstreams.indices {
                for write in try upstreams[index].channel.writes() {
                    for frame in upstreams[index].parser.feed(write) { answer(frame, index) }
                }
                guard upstreams[index].channel.isActive else { continue }
                let count = below(4) == 0 ? below(upstreams[index].unsent.count + 1) : upstreams[index].unsent.count
                let part = Array(upstreams[index].unsent.prefix(count))
                upstreams[index].unsent.removeFirst(count)
                if !part.isEmpty { try upstreams[index].channel.writeInbound(ByteBuffer(bytes: part)) }
            }
        }

        private mutating func answer(_ frame: WireSocket.Frame, _ index: Int) {
            switch frame.opcode {
            case 1:
                guard frame.isMasked else { return faults.append("unmasked towards the upstream") }
                let parts = frame.text.split(separator: "#")
                guard parts.count >= 3, let name = parts[0].split(separator: "\"").last else {
                    return faults.append("odd message: \(frame.text.prefix(200))")
                }
                let reply = #"{"type":"response","message":"\#(name)#\#(parts[1])#ok"}"#
                upstreams[index].unsent += WireSocket.bytes(1, Array(reply.utf8), masked: false)
            case 8: upstreams[index].unsent += WireSocket.bytes(8, frame.payload, masked: false)
            case 9: upstreams[index].unsent += WireSocket.bytes(10, frame.payload, masked: false)
            default: break
            }
        }
    }
}
