import ArgumentParser
import ShuntControl

/// `shunt pools`: the connections to each upstream.
struct PoolsCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "pools", abstract: "Show the connections to each upstream, and what waits for them.",
        discussion: CommandFailure.explanation)

    @OptionGroup var options: AdminOptions

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let answer = try await client.get(AdminPath.pools)
        Output.print(options.json ? answer.text + "\n" : PoolsText.text(try answer.decoded(PoolsAnswer.self)))
    }
}

enum PoolsText {
    static func text(_ answer: PoolsAnswer) -> String {
        var table = TextTable(
            "UPSTREAM", "SIDE", "ANSWERS", "#POOLS", "#DIALLING", "#READY", "#RETIRED", "#OUTSTANDING", "#QUEUED",
            "#QUEUED BYTES",
            "#OPEN BREAKERS", "URL")
        for pool in answer.pools {
            table.add(
                pool.upstream, pool.side, pool.answers.map { $0 ? "yes" : "no" } ?? "", "\(pool.pools)",
                "\(pool.dialling)", "\(pool.ready)", "\(pool.retired)",
                "\(pool.outstanding)", "\(pool.queued)", "\(pool.queuedBytes)", "\(pool.openBreakers)", pool.url)
        }
        return table.text
    }
}
