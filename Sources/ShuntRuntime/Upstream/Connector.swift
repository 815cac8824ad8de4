import NIOCore
import NIOPosix
import ShuntCore

/// How a connection to an upstream's address is made. A value, so that tests can make connections of another kind.
struct Connector: Sendable {
    typealias Initializer = @Sendable (any Channel) -> EventLoopFuture<Void>

    /// What is wanted: `source` is the local address to dial from, nil where the system chooses.
    struct Order: Sendable {
        var address: SocketAddress
        var source: SocketAddress?
        var timeout: TimeAmount
        var eventLoop: any EventLoop
    }

    let connect: @Sendable (Order, @escaping Initializer) -> EventLoopFuture<any Channel>

    static let tcp = Connector { order, initializer in
        var bootstrap = ClientBootstrap(group: order.eventLoop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.recvAllocator, value: ReadSize())
            .connectTimeout(order.timeout)
            .channelInitializer(initializer)
        if let source = order.source {
            // Without the option the system reserves a port for all destinations, not for this one only.
            let late = ChannelOptions.Types.SocketOption(level: .ip, name: .init(rawValue: bindAddressNoPort))
            bootstrap = bootstrap.bind(to: source).channelOption(late, value: 1)
        }
        return bootstrap.connect(to: order.address)
    }
}

/// `IP_BIND_ADDRESS_NO_PORT` of linux/in.h: the port is chosen when the other end is known.
private let bindAddressNoPort: CInt = 24
