import ShuntCore

/// The sockets of one reactor under generation-checked ids. Slots are reused, so a steady state allocates nothing.
///
/// (Safe from outside: every address is checked against the id's generation, and none outlives the access.)
@safe
struct SocketTable: ~Copyable {
    /// By index: how often a place was emptied, and its socket, if it has one.
    private var generations: UnsafeMutablePointer<UInt32>
    private var sockets: UnsafeMutablePointer<Socket?>
    private var capacity = 16
    private var used = 0
    private var free: [UInt32] = []
    /// What an id of the past reaches: nil, and whatever is done to it has no effect.
    private let nothing: UnsafeMutablePointer<Socket?>

    init() {
        unsafe generations = .allocate(capacity: capacity)
        unsafe sockets = .allocate(capacity: capacity)
        unsafe nothing = .allocate(capacity: 1)
        unsafe nothing.initialize(to: nil)
    }

    deinit {
        unsafe sockets.deinitialize(count: used)
        unsafe sockets.deallocate()
        unsafe generations.deallocate()
        unsafe nothing.deinitialize(count: 1)
        unsafe nothing.deallocate()
    }

    /// Sockets that are there now.
    var count: Int { used - free.count }

    mutating func insert(_ socket: consuming Socket) -> SocketID {
        if let index = free.popLast() {
            // A free place holds nothing that would have to be destroyed.
            unsafe (sockets + Int(index)).initialize(to: consume socket)
            return unsafe SocketID(index: index, generation: generations[Int(index)])
        }
        if used == capacity { grow() }
        unsafe (sockets + used).initialize(to: consume socket)
        unsafe (generations + used).initialize(to: 0)
        used += 1
        return SocketID(index: UInt32(truncatingIfNeeded: used - 1), generation: 0)
    }

    private mutating func grow() {
        let moreSockets = UnsafeMutablePointer<Socket?>.allocate(capacity: capacity * 2)
        let moreGenerations = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity * 2)
        unsafe moreSockets.moveInitialize(from: sockets, count: used)
        unsafe moreGenerations.moveInitialize(from: generations, count: used)
        unsafe sockets.deallocate()
        unsafe generations.deallocate()
        unsafe sockets = moreSockets
        unsafe generations = moreGenerations
        capacity *= 2
    }

    /// Takes the socket out; nil where the id is of the past.
    mutating func remove(_ id: SocketID) -> Socket? {
        let place = unsafe address(of: id)
        guard let socket = unsafe place.pointee.take() else { return nil }
        unsafe generations[Int(id.index)] &+= 1
        free.append(id.index)
        return socket
    }

    func contains(_ id: SocketID) -> Bool {
        switch unsafe address(of: id).pointee {
        case .some: true
        case .none: false
        }
    }

    /// The socket, or nil where the id is of the past. Assigning to a socket's fields works in place.
    @inline(__always)
    subscript(_ id: SocketID) -> Socket? {
        unsafeAddress { unsafe UnsafePointer(address(of: id)) }
        unsafeMutableAddress { unsafe address(of: id) }
    }

    @inline(__always)
    private func address(of id: SocketID) -> UnsafeMutablePointer<Socket?> {
        let index = Int(id.index)
        if index < used, unsafe generations[index] == id.generation { return unsafe sockets + index }
        return unsafe nothing
    }

    /// The ids of all sockets, in the order of their places.
    var ids: [SocketID] {
        var ids: [SocketID] = []
        for index in 0..<used {
            let id = unsafe SocketID(index: UInt32(truncatingIfNeeded: index), generation: generations[index])
            if contains(id) { ids.append(id) }
        }
        return ids
    }
}
