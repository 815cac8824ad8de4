/// Which share of a route is in force, and what made it so. Precedence, highest first: an override of API or CLI, `hold`,
/// the phase, `served_by`. (Overrides for single clients and tenants stand above all of them: `ClientOverride`.)
package struct RouteDecision: Sendable, Hashable {
    /// The source of a decision.
    package enum Origin: String, Sendable, Hashable, CaseIterable {
        case override, hold, phase, file
    }

    package let rollout: Rollout
    package let origin: Origin

    package init(rollout: Rollout, origin: Origin) {
        self.rollout = rollout
        self.origin = origin
    }

    package init(override: Rollout?, hold: Side?, phase: Phase, servedBy: Rollout) {
        if let override {
            self.init(rollout: override, origin: .override)
        } else if let hold {
            self.init(rollout: Rollout(hold), origin: .hold)
        } else if let side = phase.side {
            self.init(rollout: Rollout(side), origin: .phase)
        } else {
            self.init(rollout: servedBy, origin: .file)
        }
    }
}

/// How long a conversation stays where it began while a route's share is strictly between 0 and 100 %.
package enum PinMode: String, Sendable, Hashable, CaseIterable { case conversation, session, exchange }

/// Serves certain clients by one side, whatever the route's share is: `{client_app: "qa-*", served_by: unified}`.
package struct ClientOverride: Sendable, Hashable {
    /// A pattern for the client's app: `*` stands for any run of characters.
    package var app: String
    /// A pattern for the tenant of its session; nil for whichever, and for those whose tenant nobody knows.
    package var tenant: String?
    package var servedBy: Rollout

    package init(app: String = "*", tenant: String? = nil, servedBy: Rollout) {
        self.app = app
        self.tenant = tenant
        self.servedBy = servedBy
    }

    func matches(app name: ByteString, tenant known: ByteString?) -> Bool {
        guard matches(app: name) else { return false }
        guard let tenant else { return true }
        return known.map { Self.matches(Array(tenant.utf8)[...], $0.bytes[...]) } ?? false
    }

    package func matches(app name: ByteString) -> Bool { Self.matches(Array(app.utf8)[...], name.bytes[...]) }

    /// Linear in the product of both lengths at worst: it goes back to the last `*` only.
    private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        var (pattern, text) = (pattern, text)
        var retry: (pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>)?
        while let byte = text.first {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                retry = (pattern, text)
            } else if pattern.first == byte {
                pattern = pattern.dropFirst()
                text = text.dropFirst()
            } else if let last = retry {
                pattern = last.pattern
                text = last.text.dropFirst()
                retry = (pattern, text)
            } else {
                return false
            }
        }
        return pattern.allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
