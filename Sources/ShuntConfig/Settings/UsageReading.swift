import ShuntCore

extension UsageSettings {
    /// Reads `usage:`.
    mutating func read(_ section: Section) {
        section.set(&isOn, "enabled", .boolean)
        section.set(&maxClients, "max_clients", .integer(1...100_000))
        section.finish()
    }

    /// Reads what of `deprecation:` is the ledger's.
    mutating func readDeprecation(_ section: Section) {
        section.set(&quietPeriod, "quiet_period", .duration(.hours(24) ... .hours(24 * 365)))
    }

    /// Reads what of `store:` is the ledger's.
    mutating func readStore(_ section: Section) {
        section.set(&flush, "flush", .duration(.milliseconds(100) ... .minutes(10)))
        if let node = section["keep"],
            let keep = section.diagnostics.read(node, .duration(.hours(24) ... .hours(24 * 3650)))
        {
            keepDays = Int(clamping: keep.milliseconds / UsageDay.length)
        }
    }

    /// A quiet period that is longer than what is kept could never be seen to be over. Said where the one is written, or
    /// the other where that one is not.
    func check(deprecation: Section?, store: Section?) {
        guard quietPeriod.milliseconds / UsageDay.length >= Int64(keepDays),
            let (section, node) = deprecation.flatMap({ section in section["quiet_period"].map { (section, $0) } })
                ?? store.flatMap({ section in section["keep"].map { (section, $0) } })
        else { return }
        section.diagnostics.error(
            node,
            "a quiet period of \(Duration.text(quietPeriod)) is not shorter than store.keep, \(keepDays)d",
            advice: "no endpoint would ever be safe to remove")
    }
}
