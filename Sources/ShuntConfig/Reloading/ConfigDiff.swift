package import ShuntCore

/// What is different between two configurations, in words that hold nothing secret: urls without query, no tokens, no
/// texts of rules.
package enum ConfigDiff {
    /// - Returns: what a running proxy can take over from `new` at once, and what it cannot take over without a restart:
    ///   one sentence each, without a full stop. Routes of which the same is true share a sentence.
    package static func changes(
        from old: ProxySettings, to new: ProxySettings
    ) -> (live: [String], restart: [String]) {
        var live: [String] = []
        let (before, after) = (old.table.definition, new.table.definition)
        if before.phase != after.phase {
            live.append("phase: \(after.phase.rawValue) (was \(before.phase.rawValue))")
        }
        live += RouteDiff(old: before, new: after).sentences()
        live += AddressingSettings.fields.sentence("unified endpoint", before.addressing, after.addressing)
        live += SessionSettings.liveFields.sentence("session", before.session, after.session)
        live += Limits.liveFields.sentence("limits", before.limits, after.limits)
        live += ClientNaming.fields.sentence("client", before.client, after.client)
        live += DeprecationSettings.fields.sentence("deprecation", before.deprecation, after.deprecation)
        live += TLSDiff.live(old, new)
        if old.log.level != new.log.level { live.append("log: level \(new.log.level) (was \(old.log.level))") }
        return (live, restart(old, new))
    }

    private static func restart(_ old: ProxySettings, _ new: ProxySettings) -> [String] {
        let (before, after) = (old.table.definition, new.table.definition)
        var restart = ListenSettings.fields.sentence("listen", old.listen, new.listen)
        restart += TLSDiff.restart(old, new)
        if old.admin.address != new.admin.address { restart.append("listen: admin changed") }
        let tokens = [Field("read", \AdminSettings.readToken), Field("write", \AdminSettings.writeToken)]
        restart += tokens.sentence("admin.tokens", old.admin, new.admin)
        restart += [Field("url", \StoreSettings.place)].sentence("store", old.store, new.store)
        restart += UsageSettings.storeFields.sentence("store", old.usage, new.usage)
        restart += UsageSettings.fields.sentence("usage", old.usage, new.usage)
        restart += UsageSettings.deprecationFields.sentence("deprecation", old.usage, new.usage)
        restart += SessionSettings.restartFields.sentence("session", before.session, after.session)
        restart += Limits.restartFields.sentence("limits", before.limits, after.limits)
        let drain = [
            Field("exchanges", \DrainSettings.exchanges), Field("spread", \DrainSettings.spread),
            Field("limit", \DrainSettings.limit),
        ]
        restart += drain.sentence("drain", old.drain, new.drain)
        restart += [Field("format", \LogSettings.format)].sentence("log", old.log, new.log)
        return restart
    }
}

/// A setting that is compared, called as in the file.
struct Field<Root> {
    let name: String
    let differs: (Root, Root) -> Bool

    init(_ name: String, _ path: KeyPath<Root, some Equatable>) {
        self.name = name
        differs = { $0[keyPath: path] != $1[keyPath: path] }
    }
}

extension Array {
    /// The names of the fields that differ.
    func names<Root>(_ old: Root, _ new: Root) -> [String] where Element == Field<Root> {
        filter { $0.differs(old, new) }.map(\.name)
    }

    /// `limits: message and nesting changed`; nothing when nothing differs.
    func sentence<Root>(_ subject: String, _ old: Root, _ new: Root) -> [String] where Element == Field<Root> {
        let names = names(old, new)
        return names.isEmpty ? [] : ["\(subject): \(names.list) changed"]
    }
}

extension [String] {
    /// `a, b and c`.
    var list: String {
        guard count > 1, let last else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " and " + last
    }
}
