import NIOCore
import NIOPosix

/// A client that sends what it is told, byte for byte.
struct RawClient {
    enum Failure: Error { case ended(String) }

    typealias Socket = NIOAsyncChannel<ByteBuffer, ByteBuffer>
    private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    /// What came and was not yet asked for.
    private var text = ""

    /// Connects to the port, and closes when the body is done, or after two minutes.
    static func connected<Result: Sendable>(
        to port: Int, _ body: @Sendable (inout RawClient) async throws -> Result
    ) async throws -> Result {
        let socket: Socket = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup).connect(
            host: "127.0.0.1", port: port
        ) { channel in
            channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
        }
        let deadline = socket.channel.eventLoop.scheduleTask(in: .minutes(2)) { socket.channel.close(promise: nil) }
        defer { deadline.cancel() }
        return try await socket.executeThenClose { inbound, outbound in
            var client = RawClient(inbound, outbound)
            return try await body(&client)
        }
    }

    /// One request, and all that comes until the listener closes.
    static func ask(_ port: Int, _ request: String) async throws -> String {
        try await connected(to: port) { client in
            do {
                try await client.send(request)
            } catch ChannelError.ioOnClosedChannel {
                // It was closed before all was said.
            }
            return try await client.rest()
        }
    }

    private init(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        iterator = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    func send(bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// Reads up to and with the mark.
    mutating func read(until mark: String) async throws -> String {
        while true {
            if let found = text.firstRange(of: mark) {
                let part = String(text[..<found.upperBound])
                text = String(text[found.upperBound...])
                return part
            }
            guard let buffer = try await iterator.next(isolation: #isolation) else { throw Failure.ended(text) }
            text += String(buffer: buffer)
        }
    }

    /// Reads until the listener closes.
    mutating func rest() async throws -> String {
        do {
            while let buffer = try await iterator.next(isolation: #isolation) { text += String(buffer: buffer) }
        } catch is IOError {
            // Reset: what came before it counts.
        } catch ChannelError.ioOnClosedChannel {
            // It was closed before anything was read.
        }
        return text
    }
}
