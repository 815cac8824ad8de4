/// Exchanges in order, linked through themselves: a queue that never allocates and gives up any member at once.
package struct ExchangeList: Sendable {
    package private(set) var head = ExchangeID.none
    package private(set) var tail = ExchangeID.none
    package private(set) var count = 0
    package init() {}

    package var isEmpty: Bool { count == 0 }

    package mutating func append(_ id: ExchangeID, in exchanges: inout Exchanges) {
        exchanges.at(id)?.pointee.link(tail, .none)
        if tail.isNone { head = id } else { exchanges.at(tail)?.pointee.precede(id) }
        tail = id
        count += 1
    }

    package mutating func prepend(_ id: ExchangeID, in exchanges: inout Exchanges) {
        exchanges.at(id)?.pointee.link(.none, head)
        if head.isNone { tail = id } else { exchanges.at(head)?.pointee.follow(id) }
        head = id
        count += 1
    }

    package mutating func remove(_ id: ExchangeID, in exchanges: inout Exchanges) {
        guard let (before, behind) = exchanges.at(id)?.pointee.unlink() else { return }
        if before.isNone { head = behind } else { exchanges.at(before)?.pointee.precede(behind) }
        if behind.isNone { tail = before } else { exchanges.at(behind)?.pointee.follow(before) }
        count -= 1
    }
}
