import ShuntTesting
import Testing

@testable import ShuntCore

/// Addresses that are remembered name the routes that they name without.
@Suite struct `Addresses of earlier messages` {
    private func table(_ names: [String]) throws -> RoutingTable {
        var definition = TableDefinition()
        for name in names {
            definition.addRoute(
                to: UpstreamSettings(name: name, address: UpstreamAddress(host: "h", port: 1, path: "/")))
        }
        return try RoutingTable(definition)
    }

    @Test(arguments: 0..<6)
    func `name the same routes, whatever came before and whichever table is in force`(seed: Int) throws {
        var dice = Dice(seed: UInt64(9000 + seed))
        let many = (0..<40).map { "agent\($0)" }
        let tables = try [
            table(["guide", "liaison/content", "liaison/sales", "sixteen bytes!!!", "seventeen bytes!!!"] + many),
            table(["liaison", "guide/a", "sixteen bytes!!!"] + many.reversed()),
        ]
        let values =
            ["guide", "liaison", "a", "content", "", "sixteen bytes!!!", "seventeen bytes!!!", #"gu\u0069de"#, "agent"]
            + many
        var memory = AddressMemory()
        var table = tables[0]
        for _ in 0..<2000 {
            if dice.chance(2) { table = dice.pick(tables) }
            var members: [String] = []
            if dice.chance(95) { members.append(#""agent_type":"\#(dice.pick(values))""#) }
            if dice.chance(5) { members.append(#""agent_type":\#(dice.pick(["null", "1", "{}", #""guide""#]))"#) }
            if dice.chance(40) { members.append(#""pillar":"\#(dice.pick(values))""#) }
            let bytes = utf8("{" + members.shuffled(using: &dice).joined(separator: ",") + "}")
            var envelope = Envelope()
            #expect(envelope.scan(bytes.span, for: table.requestKeys, nesting: 9, early: false) == .object)
            let expected = table.addressing.resolve(envelope, bytes.span)
            let found = memory.resolve(envelope, bytes.span, by: table.addressing)
            #expect("\(found)" == "\(expected)", "\(String(decoding: bytes, as: UTF8.self))")
        }
    }
}
