import ShuntCore

/// What goes no further, and what its sender is told.
extension World {
    private func isPing(_ number: Int) -> Bool {
        let written = messages[number].members
        let members = written.isEmpty ? JSONReader.members(of: messages[number].bytes) ?? [] : written
        return string("type", members) == "ping"
    }

    /// A message that is absorbed has its outcome, and a ping its answer, unless its sender does not read.
    func endAbsorbed(_ number: Int) {
        let client = messages[number].client
        if isPing(number), messages[number].pongs == 0, clients[client].isThere, !clients[client].toldCongested {
            fail(.noSilence, "m\(number), a ping of c\(client), is absorbed and not answered")
        }
        end(number, .absorbed)
    }

    /// The answer to a ping goes to whoever sent it, once, with the number as it was written.
    func checkPong(_ client: Int, _ number: Int, _ bytes: [UInt8]) {
        guard messages.indices.contains(number), isPing(number) else {
            return fail(.noCrosstalk, "c\(client) gets the answer to a ping that nobody sent")
        }
        let message = messages[number]
        if message.session != clients[client].session || message.session == nil && message.client != client {
            fail(.noCrosstalk, "c\(client) gets the answer to m\(number), a ping of c\(message.client)")
        }
        if message.pongs > 0 { fail(.oneOutcome, "m\(number), a ping, is answered twice") }
        if bytes != Array(#"{"type":"pong","absorbed":\#(number)}"#.utf8) {
            fail(.bytes, "m\(number), a ping, is answered by something else than its own number")
        }
        messages[number].pongs += 1
        tally.count("pong")
    }
}
