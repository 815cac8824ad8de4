/// A key that rows of the ledger are summed by, beside the endpoint.
package enum UsageDimension: String, Sendable, Hashable, CaseIterable {
    case route, app, version, tenant, origin, day
}

/// The sum of all rows that agree in the endpoint and in the dimensions asked for.
package struct UsageGroup: Sendable, Hashable {
    package var endpoint: String
    /// Values of the dimensions that were asked for; the day stands apart.
    package var values: [UsageDimension: String]
    /// nil unless the day was asked for.
    package var day: UsageDay?
    package var counts: UsageCounts

    /// The most messages first; by the day in its order.
    package static func groups(of rows: [UsageRow], by dimensions: Set<UsageDimension>) -> [UsageGroup] {
        struct Identity: Hashable {
            var endpoint: ByteString
            var values: [UsageDimension: ByteString]
            var day: UsageDay?
        }
        var sums: [Identity: UsageGroup] = [:]
        for row in rows {
            var values: [UsageDimension: String] = [:]
            for dimension in dimensions where dimension != .day { values[dimension] = row.key.value(of: dimension) }
            let day = dimensions.contains(.day) ? row.day : nil
            let identity = Identity(
                endpoint: ByteString(row.key.endpoint), values: values.mapValues { ByteString($0) }, day: day)
            let group = UsageGroup(endpoint: row.key.endpoint, values: values, day: day, counts: UsageCounts())
            sums[identity, default: group].counts.add(row.counts)
        }
        return sums.values.sorted(by: precedes)
    }

    private static func precedes(_ left: UsageGroup, _ right: UsageGroup) -> Bool {
        if left.day != right.day { return (left.day?.number ?? 0) < (right.day?.number ?? 0) }
        if left.counts.messages != right.counts.messages { return left.counts.messages > right.counts.messages }
        if left.endpoint != right.endpoint { return left.endpoint < right.endpoint }
        for dimension in UsageDimension.allCases {
            let (one, other) = (left.values[dimension] ?? "", right.values[dimension] ?? "")
            if one != other { return one < other }
        }
        return false
    }
}

extension UsageKey {
    fileprivate func value(of dimension: UsageDimension) -> String {
        switch dimension {
        case .route: route
        case .app: app
        case .version: version
        case .tenant: tenant ?? ""
        case .origin: origin
        case .day: ""
        }
    }
}
