import ShuntCore

/// Whatever goes to a backend shows the newest credential of its own session, goes over a connection of that session's
/// own, and to the upstream that the table in force names.
struct Identity: Promise {
    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .dial(let connection, let order): judge(order, connection, in: world)
        case .forward(let sent): judge(sent, in: world)
        case .firstWord(_, let connection, let members):
            let seat = world.connections[connection].seat
            let token = world.clients[seat].session.map { world.sessions[$0].shown } ?? ""
            if world.string("token", members) != token {
                world.fail(.identity, "u\(connection) is told of another: \(members)")
            }
        case .reply(let reply):
            let who = world.messages[reply.message].session.map { world.sessions[$0].token } ?? ""
            if world.string("who", reply.body).map({ $0 != who }) ?? false {
                world.fail(.identity, "the reply to m\(reply.message) was made for another")
            }
        default: break
        }
    }

    private func judge(_ dial: DialOrder, _ connection: Int, in world: World) {
        let settings = dial.upstream.settings
        let (upstream, seat) = (world.connections[connection].upstream, world.connections[connection].seat)
        if settings.address != world.arrangement.upstreams[upstream].address {
            world.fail(.identity, "a dial goes to an address of \(settings.name) that is no more")
        }
        let isOwn = world.clients[seat].isOld && upstream != world.arrangement.unified
        if isOwn != (dial.through != nil) {
            world.fail(.identity, "a dial for c\(seat) to \(settings.name) is of the wrong kind")
        }
        guard let credential = settings.credential else { return }
        let token = world.clients[seat].session.map { world.sessions[$0].shown }
        let found = shown(dial.request, credential, token)
        if let token {
            if found != [ByteString(token)] {
                world.fail(.identity, "a dial for c\(seat) shows \(found) for its token \(token)")
            }
        } else if found.contains(where: { world.plan.tokens.map { ByteString($0) }.contains($0) }) {
            world.fail(.identity, "a dial for c\(seat), which has no token, shows \(found)")
        }
    }

    /// The credentials that a dial's request shows.
    private func shown(_ request: UpstreamRequest, _ credential: ValueSource, _ token: String?) -> [ByteString] {
        switch credential {
        case .query(let name): return QueryReader.values(of: name, in: request.target)
        case .header(let name):
            return request.headers.values(of: name).map { value in
                value.hasPrefix("Bearer ") ? ByteString(value.bytes[7...]) : value
            }
        case .subprotocol: return []
        case .cookie(let name):
            let written = QueryReader.cookies(name, in: request.headers.values(of: "cookie"))
            // A cookie of the client's own stays as it stands; what is written into one is percent-encoded.
            if let token, written == [ByteString(token)] { return written }
            return written.map { PercentCoding.decoded($0, plusIsSpace: false) }
        }
    }

    private func judge(_ sent: Forwarded, in world: World) {
        let (number, message, connection) =
            (sent.message, world.messages[sent.message], world.connections[sent.connection])
        let own = [world.upstream(sent.route, .legacy), world.upstream(sent.route, .unified)]
        if !own.contains(connection.upstream) {
            world.fail(
                .identity, "m\(number) for \(world.plan.name(sent.route)) goes to upstream \(connection.upstream)")
        }
        if message.session != world.clients[connection.seat].session {
            world.fail(
                .identity,
                "m\(number) goes over u\(sent.connection), which c\(connection.seat) of another session dialled")
        }
        if world.poolKey(of: message.client, upstream: connection.upstream) != connection.pool {
            world.fail(.identity, "m\(number) goes over u\(sent.connection), whose pool is not its own")
        }
        // A client's own token never arrives, under no name that some parser takes for it; the session's does where the
        // backend takes it from messages.
        let names = World.tokenNamesRead
        let tokens = sent.members.filter { names.contains($0.key) }.map { JSONReader.string(of: $0.value) }
        if world.arrangement.upstreams[connection.upstream].identity == .message, let session = message.session {
            if tokens != [world.sessions[session].shown] {
                world.fail(.identity, "m\(number) says to be of \(tokens)")
            }
        } else if !tokens.isEmpty {
            world.fail(.identity, "m\(number) arrives with a session_token of its client")
        }
    }
}
