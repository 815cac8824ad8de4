/// The identity of something in a `SlotTable`: an index and the generation of its slot. An id that outlives its
/// element finds nothing, so an event that comes late or twice is harmless.
public struct SlotID<Tag>: Hashable, Sendable {
    public let index: UInt32
    public let generation: UInt32

    @inlinable
    public init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    /// An id that no table ever hands out.
    @inlinable
    public static var none: SlotID { SlotID(index: .max, generation: .max) }
    @inlinable
    public var isNone: Bool { index == .max }
}

/// Elements under generation-checked ids; slots are reused, so a steady state allocates nothing.
///
/// Elements stay where they are and are reached by address: reading one field of an element copies that field, not the
/// element with all that it refers to. (Safe from outside: every address is checked against the id's generation.)
@safe
public struct SlotTable<Element: ~Copyable, Tag>: ~Copyable {
    public typealias ID = SlotID<Tag>

    // Inlinable throughout, and so public: a table of another module's elements is made for them there. What is only
    // `package` is called there as it is, for elements of any type, which costs a message more than all else.

    /// By index: how often a place was taken or emptied, so that it is even where there is an element, and that element.
    @usableFromInline var generations: UnsafeMutablePointer<UInt32>
    @usableFromInline var elements: UnsafeMutablePointer<Element?>
    @usableFromInline var capacity = 16
    @usableFromInline var used = 0
    /// Empty places below `used`: the first `freeCount`, with room for all.
    @usableFromInline var free: UnsafeMutablePointer<UInt32>
    @usableFromInline var freeCount = 0
    /// The generation that a place begins with: even, and none that a place which was given back had.
    @usableFromInline var firstGeneration: UInt32 = 0
    /// What an id of the past reaches: nil, and whatever is done to it has no effect.
    @usableFromInline let nothing: UnsafeMutablePointer<Element?>

    @inlinable
    public init() {
        unsafe generations = .allocate(capacity: capacity)
        unsafe elements = .allocate(capacity: capacity)
        unsafe free = .allocate(capacity: capacity)
        unsafe nothing = .allocate(capacity: 1)
        unsafe nothing.initialize(to: nil)
    }

    @inlinable
    deinit {
        for index in 0..<used where isTaken(index) { unsafe place(index).deinitialize(count: 1) }
        unsafe elements.deallocate()
        unsafe generations.deallocate()
        unsafe free.deallocate()
        unsafe nothing.deinitialize(count: 1)
        unsafe nothing.deallocate()
    }

    /// Elements that are there now.
    @inlinable
    public var count: Int { used - freeCount }

    @inlinable
    public mutating func insert(_ element: consuming Element) -> ID {
        var index = used
        if freeCount > 0 {
            freeCount -= 1
            index = unsafe Int(free[freeCount])
            unsafe generations[index] &+= 1
        } else {
            if used == capacity { grow() }
            unsafe (generations + used).initialize(to: firstGeneration)
            used += 1
        }
        // An empty place holds nothing that would have to be destroyed. Where an optional is no larger than what it may hold,
        // that is all of it, and is copied once.
        if MemoryLayout<Element?>.size == MemoryLayout<Element>.size {
            unsafe place(index).initialize(to: consume element)
        } else {
            unsafe (elements + index).initialize(to: consume element)
        }
        return unsafe ID(index: UInt32(truncatingIfNeeded: index), generation: generations[index])
    }

    @inlinable
    mutating func grow() {
        let newElements = UnsafeMutablePointer<Element?>.allocate(capacity: capacity * 2)
        let newGenerations = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity * 2)
        unsafe newElements.moveInitialize(from: elements, count: used)
        unsafe newGenerations.moveInitialize(from: generations, count: used)
        unsafe elements.deallocate()
        unsafe generations.deallocate()
        // It grows only when no place is empty.
        unsafe free.deallocate()
        unsafe elements = newElements
        unsafe generations = newGenerations
        unsafe free = .allocate(capacity: capacity * 2)
        capacity *= 2
    }

    /// Gives back the memory of places behind the last element, where that is much: what a burst needed. Ids of the past stay
    /// such.
    @inlinable
    public mutating func shrink() {
        guard capacity > 64, count <= capacity / 4 else { return }
        var kept = used
        while kept > 0, !isTaken(kept - 1) { kept -= 1 }
        var size = 16
        while size < kept { size *= 2 }
        guard size <= capacity / 2 else { return }
        for index in kept..<used {
            firstGeneration = unsafe max(firstGeneration, generations[index] &+ 1)
        }
        let newElements = UnsafeMutablePointer<Element?>.allocate(capacity: size)
        let newGenerations = UnsafeMutablePointer<UInt32>.allocate(capacity: size)
        let newFree = UnsafeMutablePointer<UInt32>.allocate(capacity: size)
        // The lowest are taken first, so that the table can become smaller again.
        freeCount = 0
        for index in (0..<kept).reversed() {
            unsafe (newGenerations + index).initialize(to: generations[index])
            if isTaken(index) {
                unsafe (newElements + index).moveInitialize(from: elements + index, count: 1)
            } else {
                unsafe newFree[freeCount] = UInt32(truncatingIfNeeded: index)
                freeCount += 1
            }
        }
        unsafe elements.deallocate()
        unsafe generations.deallocate()
        unsafe free.deallocate()
        unsafe elements = newElements
        unsafe generations = newGenerations
        unsafe free = newFree
        (capacity, used) = (size, kept)
    }

    /// Takes an element out; nil where the id is of the past.
    @discardableResult
    @inlinable
    public mutating func remove(_ id: ID) -> Element? {
        guard contains(id) else { return nil }
        let element = unsafe place(Int(id.index)).move()
        empty(id)
        return element
    }

    /// Removes an element that nobody wants to see once more: it is not moved out first.
    @inlinable
    public mutating func discard(_ id: ID) {
        guard contains(id) else { return }
        unsafe place(Int(id.index)).deinitialize(count: 1)
        empty(id)
    }

    @inlinable
    @inline(__always)
    mutating func empty(_ id: ID) {
        unsafe generations[Int(id.index)] &+= 1
        unsafe free[freeCount] = id.index
        freeCount += 1
    }

    /// The element at a place that is taken.
    @inlinable
    @inline(__always)
    func place(_ index: Int) -> UnsafeMutablePointer<Element> { unsafe SlotPlace(elements + index).address }

    @inlinable
    @inline(__always)
    public func contains(_ id: ID) -> Bool {
        let index = Int(id.index)
        guard index < used else { return false }
        // Ids are handed out for places that are taken only, so that none has the generation of an empty one.
        return unsafe generations[index] == id.generation
    }

    @inlinable
    @inline(__always)
    func isTaken(_ index: Int) -> Bool {
        unsafe generations[index] & 1 == 0
    }

    /// The element, or nil where the id is of the past. Assigning to an element's fields works in place.
    @inlinable
    @inline(__always)
    public subscript(_ id: ID) -> Element? {
        unsafeAddress { unsafe UnsafePointer(address(of: id)) }
        unsafeMutableAddress { unsafe address(of: id) }
    }

    /// Where an element is, for owners of tables that lend their elements in turn; for an id of the past a place that holds
    /// nothing.
    @inlinable
    @inline(__always)
    func address(of id: ID) -> UnsafeMutablePointer<Element?> {
        if contains(id) { return unsafe elements + Int(id.index) }
        return unsafe nothing
    }

    /// Where an element is, or nil where the id is of the past: for the path of every message, where a look at an optional in
    /// place costs more than what is done to the element. It is good for the expression that asks for it, and is never kept.
    @inlinable
    @inline(__always)
    public func at(_ id: ID) -> SlotPlace<Element>? {
        guard contains(id) else { return nil }
        return unsafe SlotPlace(elements + Int(id.index))
    }

    /// The ids of all elements, in slot order: a stable order for a seeded run.
    @inlinable
    public var ids: [ID] {
        (0..<used).compactMap { index in
            isTaken(index)
                ? unsafe ID(index: UInt32(truncatingIfNeeded: index), generation: generations[index]) : nil
        }
    }
}

/// The place of an element that is there, in a `SlotTable`.
@safe
public struct SlotPlace<Element: ~Copyable> {
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
    public var pointee: Element {
        @inline(__always)
        unsafeAddress { unsafe UnsafePointer(address) }
        @inline(__always)
        nonmutating unsafeMutableAddress { unsafe address }
    }
}
