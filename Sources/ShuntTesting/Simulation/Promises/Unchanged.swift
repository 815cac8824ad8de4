import ShuntCore

/// What is passed through reaches its one client unchanged, once, and nothing of the proxy's own gets into a pipe. Who
/// was there is greeted once.
struct Unchanged: Promise {
    /// What a backend says now is the greeting that its client heard when it came.
    private var isGreetingAgain = false
    /// Connections over which a reply came.
    private var haveReplied: Set<Int> = []

    mutating func hear(_ event: Event, in world: World) {
        guard case .passedBack(let place, let isReply) = event else { return }
        let connection = world.connections[place]
        // Where greetings are named, this is none.
        let isNamed = world.arrangement.upstreams[connection.upstream].pushes.values.contains(.greeting)
        isGreetingAgain = !isReply && connection.isRedial && !haveReplied.contains(place) && !isNamed
        if isReply { haveReplied.insert(place) }
    }

    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .dial(let connection, let order):
            guard let through = order.through else { return }
            let client = world.clients[world.connections[connection].seat]
            if through.client != client.id || through.isRaw != client.isRaw {
                world.fail(.unchanged, "c\(world.connections[connection].seat) is dialled for as if it were another")
            }
        case .pass(let number, let connection):
            let client = world.messages[number].client
            if world.connections[connection].isRaw || !world.clients[client].isThere {
                world.fail(.unchanged, "m\(number) is written to a pipe or for nobody, u\(connection)")
            }
        case .passUnsaid(let connection, let bytes):
            world.fail(.unchanged, "u\(connection) gets what its client did not say: \(world.printable(bytes))")
        case .admit(let client, let connection?) where world.connections[connection].through != client:
            world.fail(.unchanged, "c\(client) is admitted by another's dial")
        case .ping(let connection) where world.connections[connection].isRaw:
            world.fail(.unchanged, "a pipe is pinged, u\(connection)")
        case .pingClient(let client) where world.clients[client].isRaw || world.clients[client].isArriving:
            world.fail(.unchanged, "a pipe is pinged, c\(client)")
        case .reply, .push, .greet, .beat, .pong, .error:
            if let client = deed.client, world.clients[client].isRaw {
                world.fail(.unchanged, "a message is written into the pipe of c\(client)")
            }
        default: break
        }
    }

    mutating func conclude(_ record: Record, in world: World) {
        guard case .passedBack(let place, _) = record.event, let client = world.connections[place].through,
            world.clients[client].isThere
        else { return }
        let isDelivered = record.through == nil
        if isDelivered, isGreetingAgain, !world.connections[place].mayBeForListener {
            world.fail(.unchanged, "c\(client) is greeted again, by u\(place), which was dialled while it was there")
        }
        if !isDelivered, !isGreetingAgain { world.fail(.unchanged, "what u\(place) said did not reach c\(client)") }
    }
}
