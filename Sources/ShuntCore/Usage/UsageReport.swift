/// A question to the ledger.
package struct UsageQuery: Sendable, Hashable {
    /// The first day that is summed.
    package var since: UsageDay
    /// An endpoint's path; nil for all.
    package var endpoint: String?
    package var by: Set<UsageDimension>

    package init(since: UsageDay, endpoint: String? = nil, by: Set<UsageDimension> = []) {
        self.since = since
        self.endpoint = endpoint
        self.by = by
    }
}

/// The ledger's answer.
package struct UsageReport: Sendable, Hashable {
    package var since: UsageDay
    /// Today.
    package var through: UsageDay
    package var by: Set<UsageDimension>
    package var groups: [UsageGroup]
    /// Verdicts about the legacy endpoints, in the order of the file.
    package var verdicts: [EndpointVerdict]
    /// The reason why the ledger is not written; nil when it is.
    package var problem: String?

    package init(
        since: UsageDay, through: UsageDay, by: Set<UsageDimension>, groups: [UsageGroup],
        verdicts: [EndpointVerdict], problem: String? = nil
    ) {
        self.since = since
        self.through = through
        self.by = by
        self.groups = groups
        self.verdicts = verdicts
        self.problem = problem
    }
}

extension EndpointTable {
    /// The paths of the legacy endpoints, each once, in the order of the file; patterns with their placeholders.
    package var legacyPaths: [String] {
        var seen: Set<String> = []
        let paths = byRoute.compactMap { $0?.path } + unlisted.map(\.path)
        return paths.filter { seen.insert($0).inserted }
    }
}
