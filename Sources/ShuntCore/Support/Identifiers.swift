// Tags keep the ids of different things apart at compile time.

/// The tag of `ClientID`.
package enum ClientTag: Sendable {}
/// The tag of `ConnectionID`.
package enum ConnectionTag: Sendable {}
/// The tag of `SessionID`.
package enum SessionTag: Sendable {}
/// The tag of `PoolID`.
package enum PoolTag: Sendable {}
/// The tag of `ExchangeID`.
package enum ExchangeTag: Sendable {}
/// The tag of `SeatID`.
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
