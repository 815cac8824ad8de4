/// The identity of something in a `SlotTable`: an index and the generation of its slot. An id that outlives its
/// element finds nothing, so an event that comes late or twice is harmless.
package struct SlotID<Tag>: Hashable, Sendable {
    package let index: UInt32
    package let generation: UInt32

    @inlinable
    package init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    /// An id that no table ever hands out.
    package static var none: SlotID { SlotID(index: .max, generation: .max) }
    package var isNone: Bool { index == .max }
}

/// Elements under generation-checked ids; slots are reused, so a steady state allocates nothing.
///
/// Elements stay where they are and are reached by address: reading one field of an element copies that field, not the
/// element with all that it refers to. (Safe from outside: every address is checked against the id's generation.)
@safe
package struct SlotTable<Element: ~Copyable, Tag>: ~Copyable {
    package typealias ID = SlotID<Tag>

    // Inlinable throughout: a table of another module's elements is made for them there.

    /// By index: how often a place was emptied, and its element, if it has one.
    @usableFromInline var generations: UnsafeMutablePointer<UInt32>
    @usableFromInline var elements: UnsafeMutablePointer<Element?>
    @usableFromInline var capacity = 16
    @usableFromInline var used = 0
    @usableFromInline var free: [UInt32] = []
    /// What an id of the past reaches: nil, and whatever is done to it has no effect.
    @usableFromInline let nothing: UnsafeMutablePointer<Element?>

    @inlinable
    package init() {
        unsafe generations = .allocate(capacity: capacity)
        unsafe elements = .allocate(capacity: capacity)
        unsafe nothing = .allocate(capacity: 1)
        unsafe nothing.initialize(to: nil)
    }

    @inlinable
    deinit {
        unsafe elements.deinitialize(count: used)
        unsafe elements.deallocate()
        unsafe generations.deallocate()
        unsafe nothing.deinitialize(count: 1)
        unsafe nothing.deallocate()
    }

    /// Elements that are there now.
    @inlinable
    package var count: Int { used - free.count }

    @inlinable
    package mutating func insert(_ element: consuming Element) -> ID {
        if let index = free.popLast() {
            // A free place holds nothing that would have to be destroyed.
            unsafe (elements + Int(index)).initialize(to: consume element)
            return unsafe ID(index: index, generation: generations[Int(index)])
        }
        if used == capacity { grow() }
        unsafe (elements + used).initialize(to: consume element)
        unsafe (generations + used).initialize(to: 0)
        used += 1
        return ID(index: UInt32(truncatingIfNeeded: used - 1), generation: 0)
    }

    @inlinable
    mutating func grow() {
        let newElements = UnsafeMutablePointer<Element?>.allocate(capacity: capacity * 2)
        let newGenerations = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity * 2)
        unsafe newElements.moveInitialize(from: elements, count: used)
        unsafe newGenerations.moveInitialize(from: generations, count: used)
        unsafe elements.deallocate()
        unsafe generations.deallocate()
        unsafe elements = newElements
        unsafe generations = newGenerations
        capacity *= 2
    }

    /// Takes an element out; nil where the id is of the past.
    @discardableResult
    @inlinable
    package mutating func remove(_ id: ID) -> Element? {
        guard contains(id) else { return nil }
        let element = unsafe elements[Int(id.index)].take()
        unsafe generations[Int(id.index)] &+= 1
        free.append(id.index)
        return element
    }

    /// Removes an element that nobody wants to see once more: it is not moved out first.
    @inlinable
    package mutating func discard(_ id: ID) {
        guard contains(id) else { return }
        unsafe (elements + Int(id.index)).deinitialize(count: 1)
        unsafe (elements + Int(id.index)).initialize(to: nil)
        unsafe generations[Int(id.index)] &+= 1
        free.append(id.index)
    }

    @inlinable
    @inline(__always)
    package func contains(_ id: ID) -> Bool {
        let index = Int(id.index)
        guard index < used else { return false }
        return unsafe generations[index] == id.generation
    }

    @inlinable
    @inline(__always)
    func isTaken(_ index: Int) -> Bool {
        switch unsafe elements[index] {
        case .some: true
        case .none: false
        }
    }

    /// The element, or nil where the id is of the past. Assigning to an element's fields works in place.
    @inlinable
    @inline(__always)
    package subscript(_ id: ID) -> Element? {
        unsafeAddress { unsafe UnsafePointer(address(of: id)) }
        unsafeMutableAddress { unsafe address(of: id) }
    }

    /// Where an element is, for owners of tables that lend their elements in turn; for an id of the past a place that holds
    /// nothing.
    @inlinable
    @inline(__always)
    func address(of id: ID) -> UnsafeMutablePointer<Element?> {
        let index = Int(id.index)
        if index < used, unsafe generations[index] == id.generation { return unsafe elements + index }
        return unsafe nothing
    }

    /// Where an element is, or nil where the id is of the past: for the path of every message, where a look at an optional in
    /// place costs more than what is done to the element. It is good for the expression that asks for it, and is never kept.
    @inlinable
    @inline(__always)
    package func at(_ id: ID) -> SlotPlace<Element>? {
        let index = Int(id.index)
        // No id of a place that is empty was ever handed out with the generation that it has now.
        guard index < used, unsafe generations[index] == id.generation else { return nil }
        return unsafe SlotPlace(elements + index)
    }

    /// The ids of all elements, in slot order: a stable order for a seeded run.
    @inlinable
    package var ids: [ID] {
        (0..<used).compactMap { index in
            isTaken(index)
                ? unsafe ID(index: UInt32(truncatingIfNeeded: index), generation: generations[index]) : nil
        }
    }
}

/// The place of an element that is there, in a `SlotTable`.
@safe
package struct SlotPlace<Element: ~Copyable> {
    @usableFromInline let address: UnsafeMutablePointer<Element>

    /// The optional holds an element: that lies at its beginning.
    @unsafe
    @inlinable
    @inline(__always)
    init(_ place: UnsafeMutablePointer<Element?>) {
        unsafe address = UnsafeMutableRawPointer(place).assumingMemoryBound(to: Element.self)
    }

    /// The element.
    @inlinable
    package var pointee: Element {
        @inline(__always)
        unsafeAddress { unsafe UnsafePointer(address) }
        @inline(__always)
        nonmutating unsafeMutableAddress { unsafe address }
    }
}
