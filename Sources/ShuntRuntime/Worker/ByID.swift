import ShuntCore
import ShuntReactor

/// Things of the runtime under the ids that the core made: an array by index, checked by generation, so the message
/// path hashes nothing and an id of the past finds nothing.
struct ByID<Tag, Value> {
    private struct Place {
        var generation: UInt32
        var value: Value?
    }

    private var places: [Place] = []
    /// How many ids have a value.
    private(set) var count = 0

    @inline(__always)
    subscript(_ id: SlotID<Tag>) -> Value? {
        let index = Int(id.index)
        guard index < places.count, places[index].generation == id.generation else { return nil }
        return places[index].value
    }

    /// Puts a value in its place. The core hands out small indices, so the array stays as small as the core's own.
    mutating func insert(_ value: Value, for id: SlotID<Tag>) {
        guard !id.isNone else { return }
        let index = Int(id.index)
        while places.count <= index { places.append(Place(generation: 0, value: nil)) }
        if places[index].value == nil { count += 1 }
        places[index] = Place(generation: id.generation, value: value)
    }

    @discardableResult
    mutating func remove(_ id: SlotID<Tag>) -> Value? {
        guard let value = self[id] else { return nil }
        places[Int(id.index)].value = nil
        count -= 1
        return value
    }

    /// Gives back the memory of places behind the last value, where that is much.
    mutating func shrink() {
        guard places.capacity > 64, count <= places.capacity / 4 else { return }
        while let last = places.last, last.value == nil { places.removeLast() }
        guard places.count <= places.capacity / 2 else { return }
        var kept: [Place] = []
        kept.reserveCapacity(places.count)
        kept.append(contentsOf: places)
        places = kept
    }

    /// The value without a reference being counted, for a call that removes nothing from here.
    @inline(__always)
    func borrow(_ id: SlotID<Tag>) -> Unmanaged<Value>? where Value: AnyObject {
        let index = Int(id.index)
        guard index < places.count, places[index].generation == id.generation else { return nil }
        return places[index].value.map { Unmanaged.passUnretained($0) }
    }

    /// The leg that has a socket; nil where somebody else has it, or nobody. The rest of what is there is not copied.
    @inline(__always)
    func leg(_ id: SocketID) -> Leg? where Tag == SocketTag, Value == Occupant {
        let index = Int(id.index)
        guard index < places.count, places[index].generation == id.generation,
            case .leg(let leg) = places[index].value
        else { return nil }
        return leg
    }

    /// All values, in the order of their indices.
    var values: [Value] { places.compactMap(\.value) }
}
