/// Who serves a route.
package enum Side: UInt8, Sendable, Hashable, CaseIterable {
    case legacy, unified

    /// As in the configuration.
    package var text: String { self == .legacy ? "legacy" : "unified" }
    package var other: Side { self == .legacy ? .unified : .legacy }
}
