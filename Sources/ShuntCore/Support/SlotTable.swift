/// The identity of something in a `SlotTable`: an index and the generation of its slot. An id that outlives its
/// element finds nothing, so an event that comes late or twice is harmless.
package struct SlotID<Tag>: Hashable, Sendable {
    package let index: UInt32
    package let generation: UInt32

    package init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    /// An id that no table ever hands out.
    package static var none: SlotID { SlotID(index: .max, generation: .max) }
    package var isNone: Bool { index == .max }
}

/// Elements under generation-checked ids; slots are reused, so a steady state allocates nothing.
package struct SlotTable<Element, Tag> {
    package typealias ID = SlotID<Tag>

    /// One place: its element, if it has one, and how often it was filled.
    private struct Slot {
        var generation: UInt32
        var element: Element?
    }

    private var slots: [Slot] = []
    private var free: [UInt32] = []

    package init() {}

    /// Elements that are there now.
    package var count: Int { slots.count - free.count }

    package mutating func insert(_ element: Element) -> ID {
        if let index = free.popLast() {
            slots[Int(index)].element = element
            return ID(index: index, generation: slots[Int(index)].generation)
        }
        slots.append(Slot(generation: 0, element: element))
        return ID(index: UInt32(truncatingIfNeeded: slots.count - 1), generation: 0)
    }

    @discardableResult
    package mutating func remove(_ id: ID) -> Element? {
        guard contains(id) else { return nil }
        let element = slots[Int(id.index)].element.take()
        slots[Int(id.index)].generation &+= 1
        free.append(id.index)
        return element
    }

    @inline(__always)
    package func contains(_ id: ID) -> Bool {
        let index = Int(id.index)
        return index < slots.count && slots[index].generation == id.generation && slots[index].element != nil
    }

    /// The element, or nil where the id is of the past. Modifies in place; assigning nil is ignored (use `remove`).
    @inline(__always)
    package subscript(_ id: ID) -> Element? {
        get { contains(id) ? slots[Int(id.index)].element : nil }
        _modify {
            var nothing: Element?
            if contains(id) {
                yield &slots[Int(id.index)].element
            } else {
                yield &nothing
            }
        }
    }

    /// The ids of all elements, in slot order: a stable order for a seeded run.
    package var ids: [ID] {
        slots.indices.compactMap { index in
            slots[index].element == nil
                ? nil : ID(index: UInt32(truncatingIfNeeded: index), generation: slots[index].generation)
        }
    }
}
