/// Whose use a row of the ledger counts. Every part is bounded: paths and routes by the configuration, the rest by
/// `UsageSettings.maxClients`.
package struct UsageKey: Sendable, Hashable {
    /// The path that clients connect to, with its placeholders where it has some: `/api/ws/guide`.
    package var endpoint: String
    /// The route's name.
    package var route: String
    /// Empty for a client that does not say, in `version` and `origin` too.
    package var app: String
    package var version: String
    /// nil where nobody knows a client's tenant.
    package var tenant: String?
    /// `Origin` of the handshake (RFC 6454 §7): the page that the client belongs to.
    package var origin: String

    package init(
        endpoint: String, route: String, app: String = "", version: String = "", tenant: String? = nil,
        origin: String = ""
    ) {
        self.endpoint = endpoint
        self.route = route
        self.app = app
        self.version = version
        self.tenant = tenant
        self.origin = origin
    }

    /// Compares bytes: different spellings of one character are different values, to the stores too.
    package static func == (left: UsageKey, right: UsageKey) -> Bool {
        sameBytes(left.endpoint, right.endpoint) && sameBytes(left.route, right.route) && left.caller == right.caller
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ByteString(endpoint))
        hasher.combine(ByteString(route))
        hasher.combine(caller)
    }

    /// Stands for all values past a bound.
    package static let other = "other"
    /// Bytes of an origin that are kept; a longer one is `other`.
    package static let longestOrigin = 200

    /// An origin as the ledger keeps it: nothing that is hidden, nothing that is long.
    package static func origin(_ value: ByteString) -> String {
        guard value.count <= longestOrigin, value.bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return other }
        return value.text ?? other
    }

    /// A tenant as the ledger keeps it.
    package static func tenant(_ value: ByteString) -> String {
        value.count <= longestOrigin ? value.text ?? other : other
    }

    /// The client's part of the key: what a client may choose itself.
    package var caller: Caller {
        get { Caller(app: app, version: version, tenant: tenant, origin: origin) }
        set { (app, version, tenant, origin) = (newValue.app, newValue.version, newValue.tenant, newValue.origin) }
    }

    package struct Caller: Sendable, Hashable {
        package var app: String
        package var version: String
        package var tenant: String?
        package var origin: String

        package static func == (left: Caller, right: Caller) -> Bool {
            sameBytes(left.app, right.app) && sameBytes(left.version, right.version)
                && sameBytes(left.tenant ?? "", right.tenant ?? "") && (left.tenant == nil) == (right.tenant == nil)
                && sameBytes(left.origin, right.origin)
        }

        package func hash(into hasher: inout Hasher) {
            for text in [app, version, tenant ?? "", origin] { hasher.combine(ByteString(text)) }
        }

        /// The name for all others.
        package static let other = Caller(
            app: UsageKey.other, version: UsageKey.other, tenant: nil, origin: UsageKey.other)
    }
}

private func sameBytes(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

/// Bounds those counted by name: the first `most` of a day; all others are `other`.
struct CallerBound {
    let most: Int
    private(set) var known: Set<UsageKey.Caller> = []

    init(most: Int) { self.most = most }

    /// The key that a caller is counted under.
    mutating func bounded(_ key: UsageKey) -> UsageKey {
        let caller = key.caller
        if caller == .other || known.contains(caller) { return key }
        if known.count < most {
            known.insert(caller)
            return key
        }
        var key = key
        key.caller = .other
        return key
    }

    mutating func forget() { known.removeAll() }
}
