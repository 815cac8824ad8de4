package import ShuntCore

extension UsageReport {
    /// One client's use of one endpoint on one day, as an answer to any query, with what a reader must take care of: names
    /// that a table, CSV or a spreadsheet would take for something else, and a problem with the ledger.
    package static func sample(_ query: UsageQuery) -> UsageReport {
        let day = UsageDay(number: 20_779)
        var counts = UsageCounts()
        (counts.sockets, counts.messages, counts.replies, counts.bytesIn, counts.bytesOut) = (2, 30, 29, 900, 1800)
        counts.sessions.add(1)
        counts.firstSeen = UnixTime(milliseconds: 1_795_348_800_000)
        counts.lastSeen = counts.firstSeen
        let key = UsageKey(
            endpoint: "/api/ws/guide", route: "guide", app: "=HYPERLINK(\"x\")", version: "2,1",
            origin: "https://app.example")
        let row = UsageRow(day: day, key: key, counts: counts)
        return UsageReport(
            since: query.since, through: day, by: query.by, groups: UsageGroup.groups(of: [row], by: query.by),
            verdicts: [
                EndpointVerdict(
                    endpoint: "/api/ws/guide", rows: [row], watched: [day], quietPeriod: .hours(336),
                    now: UnixTime(milliseconds: 1_795_348_900_000))
            ], problem: "the disk is full")
    }
}
