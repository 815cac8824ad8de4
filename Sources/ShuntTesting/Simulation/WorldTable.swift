import ShuntCore

/// The table changes in the middle of everything.
extension World {
    /// Over how long sockets of endpoints that are no more are closed.
    static let spread = TimeSpan.seconds(2)

    static let upstreamGone = "its upstream is gone"

    /// One to three edits, made into a table and told. What would be no valid table is not told.
    func changeTable() {
        let before = arrangement
        for _ in 0...dice.below(3) { edit() }
        // A pipe needs its legacy upstream: the check of a configuration refuses anything else.
        for route in arrangement.routes.indices where !arrangement.hasLegacy[route] {
            arrangement.routes[route].endpoint?.passthrough = .managed
        }
        guard let made = try? RoutingTable(arrangement.definition()) else {
            arrangement = before
            return
        }
        tally.count("table changed")
        tellTable(made)
        // A reload may come twice.
        if dice.chance(8) { tellTable(made) }
    }

    func tellTable(_ new: RoutingTable) {
        table = new
        history.changedAt = now
        note("the table changes: \(arrangementText)")
        learn()
        tell(.tableChanged) { $0.tableChanged(to: new, spread: Self.spread, &$1) }
    }

    private var arrangementText: String {
        let routes = arrangement.routes.indices.map { place in
            let route = arrangement.routes[place]
            let text = arrangement.hasRoute[place] ? arrangement.rollout(place).text : "gone"
            return "\(route.name) \(text)\(route.isPaused ? " paused" : "")"
                + "\(route.fallsBack ? " falls back" : "")\(arrangement.hasLegacy[place] ? "" : " without legacy")"
        }
        return "\(arrangement.phase.rawValue), \(routes.joined(separator: ", ")), upstreams \(arrangement.listed)"
    }

    /// What is known differently from now on.
    private func learn() {
        for client in clients.indices where clients[client].isThere {
            learnEndpoint(client)
            let leaving: CloseReason? =
                switch clients[client].door {
                case .unified: nil
                case .odd: arrangement.unlisted == nil ? .routeRemoved : nil
                case .old(let route):
                    arrangement.endpoint(route) == nil
                        ? .routeRemoved : arrangement.phase.opensLegacyEndpoints ? nil : .endpointClosed
                }
            if leaving == nil {
                clients[client].leaving = nil
            } else if clients[client].leaving == nil, let leaving {
                clients[client].leaving = (leaving, now)
            }
        }
        for route in arrangement.routes.indices {
            if !arrangement.hasRoute[route] { history.removedAt[route] = now }
        }
        let listed = Set(arrangement.listed)
        for connection in liveConnections {
            let upstream = connections[connection].upstream
            if connections[connection].state == .ready, !connections[connection].isRaw {
                if !listed.contains(upstream) {
                    replace(connection, Self.upstreamGone)
                } else if connections[connection].address != arrangement.upstreams[upstream].address {
                    replace(connection, "its url has changed")
                }
            }
        }
        for number in messages.indices where messages[number].state == .waiting && messages[number].outcome == nil {
            guard let route = messages[number].route, messages[number].side == nil else { continue }
            messages[number].pool = expectedPool(messages[number].client, route)
            expectAbsorption(number, route)
        }
    }

    // MARK: Edits

    private func edit() {
        let route = dice.below(arrangement.routes.count)
        switch dice.below(22) {
        case 0...4: arrangement.routes[route].servedBy = Plan.share(&dice)
        case 5: arrangement.routes[route].override = dice.chance(50) ? nil : Plan.share(&dice)
        case 6: arrangement.routes[route].hold = dice.pick([nil, nil, .legacy, .unified])
        case 7: arrangement.phase = dice.pick([.migrate, .migrate, .migrate, .parallel, .deprecate, .complete])
        case 8...10: arrangement.routes[route].isPaused.toggle()
        case 11: arrangement.routes[route].fallsBack.toggle()
        case 12:
            arrangement.routes[route].pin = dice.pick([.conversation, .session, .exchange])
            arrangement.routes[route].pinIdle = dice.chance(50) ? dice.span(100...3_000) : .minutes(30)
        case 13: changeAddress()
        case 14, 15: removeOrReturn(route)
        case 16: arrangement.routeOrder.shuffle(using: &dice)
        case 17: arrangement.upstreamOrder.shuffle(using: &dice)
        case 18: changeEndpoint(route)
        case 19: changeRules()
        case 20: arrangement.routes[route].overrides = dice.chance(50) ? [] : Plan.overrides(&dice)
        default:
            arrangement.hasLegacy[route].toggle()
            if !arrangement.hasLegacy[route] { arrangement.routes[route].servedBy = .unified }
        }
    }

    private func changeAddress() {
        let upstream = dice.below(arrangement.upstreams.count)
        if dice.chance(70) {
            arrangement.upstreams[upstream].address.port += 100
        } else {
            arrangement.upstreams[upstream].address.query = "v=\(dice.within(2...9))"
        }
    }

    private func removeOrReturn(_ route: Int) {
        if arrangement.hasRoute[route] {
            guard arrangement.base.addressing.defaultRoute != plan.routes[route].name,
                arrangement.hasRoute.count(where: { $0 }) > 1
            else { return }
        }
        arrangement.hasRoute[route].toggle()
    }

    private func changeEndpoint(_ route: Int) {
        guard var endpoint = arrangement.routes[route].endpoint else { return }
        switch dice.below(4) {
        case 0, 1: endpoint.heartbeat = endpoint.heartbeat == nil ? Plan.heartbeat(&dice) : nil
        case 2: endpoint.toLegacy = Plan.toLegacy(&dice)
        default: endpoint.passthrough = endpoint.passthrough == .raw ? .managed : .raw
        }
        arrangement.routes[route].endpoint = endpoint
    }

    private func changeRules() {
        let upstream = dice.below(arrangement.upstreams.count)
        arrangement.upstreams[upstream].toUnified.set = [
            .init(field: "version", json: "\(dice.within(3...99))")
        ]
    }

    /// The connections of a route are to be replaced.
    func reconnect() {
        let route = dice.below(plan.routes.count)
        guard let place = table.route(named: plan.routes[route].name)?.index else { return }
        note("reconnect \(plan.routes[route].name)")
        tally.count("reconnect")
        for connection in liveConnections
        where connections[connection].upstream == arrangement.routes[route].legacy && arrangement.hasLegacy[route]
            && connections[connection].state == .ready && !connections[connection].isRaw
        {
            replace(connection, "its route was reconnected")
        }
        // Of the unified upstream, which other routes use too, only those that this one uses.
        for connection in liveConnections where connections[connection].upstream == arrangement.unified {
            connections[connection].mayBeReplaced = true
        }
        tell(.reconnected) { $0.reconnect(route: place, &$1) }
    }
}
