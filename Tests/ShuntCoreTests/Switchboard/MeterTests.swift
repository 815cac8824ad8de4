import ShuntCore
import ShuntTesting
import Testing

@Suite struct `What is counted for metrics` {
    @Test func `the time from a message's writing to its first reply, and the reply`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, Text.guide("q"))
        world.pass(.seconds(1))
        world.ready(1)
        world.pass(.milliseconds(30))
        world.hear(1, Text.reply("a"))
        let report = world.workerReport
        #expect(report.meter.firstReplies[Meter.place(of: 0, .legacy)]?.nanoseconds == 30_000_000)
        #expect(report.meter.firstReplies[Meter.place(of: 0, .unified)] == nil)
        #expect(report.routes[0].repliesByLegacy == 1)
        #expect(report.meter.upstreams[0].waits == 1)
        #expect(report.meter.upstreams[0].waitedNanoseconds == 1_000_000_000)
        #expect(report.meter.upstreams[0].dials == 1)
    }

    @Test func `bytes of messages as they came, as they were sent on, and as they were answered`() throws {
        let world = try Driver(.agents { $0.routes[1].servedBy = .unified })
        let anna = world.connect("anna")
        world.say(anna, Text.guide("q"))
        world.ready(1)
        let answered = world.hear(1, Text.reply("a"))
        world.say(anna, Text.content("q"))
        world.ready(2)
        world.hear(2, #"{"type":"status"}"#)
        let report = world.workerReport
        #expect(report.meter.unified.bytes == Text.guide("q").utf8.count + Text.content("q").utf8.count)
        #expect(report.routes[0].bytesToLegacy > 0)
        #expect(report.routes[0].bytesToLegacy < Text.guide("q").utf8.count)
        #expect(report.routes[1].bytesToUnified >= Text.content("q").utf8.count)
        var delivered = 0
        for case .deliver(_, let text) in answered { delivered += text.utf8.count }
        #expect(report.routes[0].bytesFromLegacy == delivered)
        #expect(report.routes[1].bytesFromUnified == 0)
    }

    @Test func `only the first part of a stream is timed, and only its end is a reply`() throws {
        let world = try Driver(.agents { $0.upstreams[0].replies.until = ReplyEnd(values: ["done"]) })
        let anna = world.connect("anna")
        world.say(anna, Text.guide("q"))
        world.ready(1)
        world.pass(.milliseconds(5))
        world.hear(1, Text.reply("part"))
        world.pass(.milliseconds(50))
        #expect(world.workerReport.routes[0].repliesByLegacy == 0)
        world.hear(1, #"{"type":"done"}"#)
        let report = world.workerReport
        #expect(report.meter.firstReplies[0]?.count == 1)
        #expect(report.meter.firstReplies[0]?.nanoseconds == 5_000_000)
        #expect(report.routes[0].repliesByLegacy == 1)
    }

    @Test func `errors by route, side and code, refusals by code`() throws {
        let world = try Driver(.agents { $0.everywhere { $0.exchangeTimeout = .seconds(5) } })
        let anna = world.connect("anna")
        world.say(anna, "{")
        world.say(anna, Text.guide("q"))
        world.ready(1)
        world.pass(.seconds(6))
        let meter = world.workerReport.meter
        #expect(meter.refused == [.badJSON: 1])
        #expect(meter.errors == [RouteError(route: 0, side: .legacy, code: .timeout): 1])
        #expect(meter.upstreams[0].retired == [.timeout: 1])
        #expect(meter.firstReplies[0] == nil)
    }

    @Test func `failed dials by kind`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, Text.guide("q"))
        world.fail(1, .refused(status: 404))
        #expect(world.workerReport.meter.upstreams[0].failures == [.refused4xx: 1])
    }

    @Test func `sockets by the sides of the routes that they have used`() throws {
        let world = try Driver(.agents { $0.routes[1].servedBy = .unified })
        _ = world.connect("idle")
        world.say(world.connect("anna"), Text.guide("q"))
        world.say(world.connect("ben"), Text.content("q"))
        let both = world.connect("cleo")
        world.say(both, Text.guide("q"))
        world.say(both, Text.content("q"))
        let unified = world.workerReport.sockets.unified
        #expect([unified.idle, unified.fanOut, unified.relay, unified.both] == [1, 1, 1, 1])
        #expect(world.workerReport.meter.unified.opened == 4)
        #expect(world.workerReport.meter.unified.messages == 4)
    }

    @Test func `of messages that are passed through at the same time the oldest is timed`() throws {
        let world = try Driver(.migration())
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, "{}")
        world.pass(.milliseconds(10))
        world.say(anna, "{}")
        world.pass(.milliseconds(10))
        world.hear(1, Text.reply("a"))
        world.pass(.milliseconds(10))
        world.hear(1, Text.reply("b"))
        let report = world.workerReport
        #expect(report.meter.firstReplies[0]?.count == 1)
        #expect(report.meter.firstReplies[0]?.nanoseconds == 20_000_000)
        #expect(report.routes[0].repliesByLegacy == 2)
        #expect(report.meter.endpoints[0].opened == 1)
        #expect(report.meter.endpoints[0].messages == 2)
        #expect(report.meter.endpoints[0].bytes == 4)
        #expect(report.routes[0].bytesToLegacy == 4)
        #expect(report.routes[0].bytesFromLegacy == Text.reply("a").utf8.count + Text.reply("b").utf8.count)
        #expect(report.sockets.legacy[0].passthrough == 1)
    }

    @Test func `a socket of a route that is removed counts for no other one`() throws {
        let world = try Driver(.migration())
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, "{}")
        try world.change {
            $0.addressing.defaultRoute = nil
            $0.routes.remove(at: 0)
        }
        world.say(anna, "{}")
        world.hear(1, Text.reply("a"))
        let report = world.workerReport
        #expect(report.meter.endpoints.allSatisfy { $0.messages == 0 })
        #expect(report.meter.unlisted.messages == 1, "in the sum it is there")
        #expect(report.routes.allSatisfy { $0.repliesByLegacy == 0 && $0.bytesFromLegacy == 0 })
    }

    @Test func `a handshake that its backend refused was no socket`() throws {
        let world = try Driver(.migration())
        _ = world.arriving(Old.guide, "anna")
        world.fail(1, .refused(status: 404))
        let (ben, _) = world.arriving(Old.guide, "ben")
        world.event { core, turn in
            core.clientClosed(world.id(ben), close: .cut, &turn)
        }
        let meter = world.workerReport.meter
        #expect(meter.endpoints[0].opened == 0)
        #expect(meter.closes == [:])
    }

    @Test func `the use of an endpoint counts once more from the day that it is deprecated`() throws {
        let world = try Driver(.migration())
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, "{}")
        #expect(world.workerReport.meter.endpoints[0].deprecatedUses == 0)
        try world.change { $0.phase = .deprecate }
        #expect(world.workerReport.meter.endpoints[0].deprecatedUses == 0)
        world.say(anna, "{}")
        #expect(world.workerReport.meter.endpoints[0].deprecatedUses == 1)
        #expect(world.workerReport.meter.endpoints[0].messages == 2)
    }

    @Test func `a client's own close by its code, and codes that it makes up as others`() throws {
        let world = try Driver(.agents())
        for code: UInt16 in [1000, 4321] {
            let client = world.id(world.connect("c\(code)"))
            for _ in 0..<2 {
                world.event { core, turn in
                    turn.now = .distantFuture
                    core.clientClosed(client, close: PeerClose(code: CloseCode(rawValue: code)), &turn)
                }
            }
        }
        #expect(
            world.workerReport.meter.closes == [
                ClientClose(.client, code: 1000): 1, ClientClose(.client, code: ClientClose.other): 1,
            ])
    }

    @Test func `each code that backends close with, but no more of them than a bound`() throws {
        let world = try Driver(.migration())
        let codes: [UInt16?] = [nil, 1011, 3000, 4401, 4444, 4999]
        for (index, code) in codes.enumerated() {
            _ = world.arrive(Old.guide, "first \(index)")
            world.lose(index + 1, code)
        }
        let once = Dictionary(uniqueKeysWithValues: codes.map { ($0 ?? ClientClose.cut, 1) })
        let meter = world.workerReport.meter
        #expect(meter.upstreams[0].closes == once)
        #expect(meter.closes == Dictionary(uniqueKeysWithValues: once.map { (ClientClose(.backend, code: $0), $1) }))
        for code in UInt16(4000)..<4400 {
            _ = world.arrive(Old.guide, "\(code)")
            world.lose(codes.count + 1 + Int(code - 4000), code)
        }
        let full = world.workerReport.meter
        #expect(full.upstreams[0].closes.count == UpstreamMeter.mostCloses + 1)
        #expect(full.upstreams[0].closes[4401] == 1)
        #expect(full.upstreams[0].closes[ClientClose.other] == codes.count + 400 - UpstreamMeter.mostCloses)
        #expect(full.closes.count == Meter.mostCloses + 1)
        #expect(full.closes.values.reduce(0, +) == codes.count + 400, "none is lost")
    }

    @Test func `counts stay with their routes and upstreams when these change places`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, Text.content("q"))
        world.ready(1)
        world.hear(1, Text.reply("a"))
        try world.change { definition in
            definition.routes.swapAt(0, 1)
            definition.upstreams.swapAt(1, 2)
            for index in definition.routes.indices {
                definition.routes[index].legacy =
                    ["guide": 0, "liaison/content": 2][definition.routes[index].name] ?? 1
            }
        }
        let report = world.workerReport
        #expect(report.meter.firstReplies[Meter.place(of: 0, .legacy)]?.count == 1)
        #expect(report.meter.firstReplies[Meter.place(of: 1, .legacy)] == nil)
        #expect(report.meter.upstreams.map(\.dials) == [0, 0, 1, 0])
    }
}
