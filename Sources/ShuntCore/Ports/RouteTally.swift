/// Counts of one route since the process began: each entry only grows, but for `sockets` and `waiting`.
package struct RouteTally: Sendable, Hashable {
    /// Messages sent to each side, on whatever way.
    package var byLegacy = 0
    package var byUnified = 0
    /// The bytes of these messages, as they were sent on; of raw sockets with all that frames add.
    package var bytesToLegacy = 0
    package var bytesToUnified = 0
    /// The bytes of what either side said to clients: replies, and on sockets that are passed through all else too.
    package var bytesFromLegacy = 0
    package var bytesFromUnified = 0
    /// Error replies to clients after a message was accepted, by the side that it was for.
    package var errorsByLegacy = 0
    package var errorsByUnified = 0
    /// Messages that were answered to the end, by the side that did.
    package var repliesByLegacy = 0
    package var repliesByUnified = 0
    /// Client sockets on the route's legacy endpoint now.
    package var sockets = 0
    /// Messages that wait now: for the route's resume, or for exchanges on the side that it leaves.
    package var waiting = 0
    package init() {}

    package static func + (left: RouteTally, right: RouteTally) -> RouteTally {
        var sum = left
        sum.byLegacy += right.byLegacy
        sum.byUnified += right.byUnified
        sum.bytesToLegacy &+= right.bytesToLegacy
        sum.bytesToUnified &+= right.bytesToUnified
        sum.bytesFromLegacy &+= right.bytesFromLegacy
        sum.bytesFromUnified &+= right.bytesFromUnified
        sum.errorsByLegacy += right.errorsByLegacy
        sum.errorsByUnified += right.errorsByUnified
        sum.repliesByLegacy += right.repliesByLegacy
        sum.repliesByUnified += right.repliesByUnified
        sum.sockets += right.sockets
        sum.waiting += right.waiting
        return sum
    }
}
