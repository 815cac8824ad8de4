/// Tags that keep the ids of different things apart at compile time.
package enum ClientTag: Sendable {}
package enum ConnectionTag: Sendable {}
package enum SessionTag: Sendable {}
package enum PoolTag: Sendable {}
package enum ExchangeTag: Sendable {}
package enum SeatTag: Sendable {}

/// A client socket on this worker.
package typealias ClientID = SlotID<ClientTag>
/// An upstream connection of this worker, from the moment its dial is ordered.
package typealias ConnectionID = SlotID<ConnectionTag>
package typealias SessionID = SlotID<SessionTag>
package typealias PoolID = SlotID<PoolTag>
package typealias ExchangeID = SlotID<ExchangeTag>
/// A client socket's use of one route.
package typealias SeatID = SlotID<SeatTag>
