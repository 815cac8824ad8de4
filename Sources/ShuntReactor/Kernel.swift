import CLinux
import Glibc
package import ShuntCore

/// What happened to a descriptor that is watched.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let input = Readiness(rawValue: SHUNT_IN)
    package static let output = Readiness(rawValue: SHUNT_OUT)
    package static let error = Readiness(rawValue: SHUNT_ERROR)
    /// Both directions are over.
    package static let hangUp = Readiness(rawValue: SHUNT_HANGUP)
    /// For a listening socket that several pollers watch: only one of them is woken. Cannot be changed, only removed.
    package static let exclusive = Readiness(rawValue: SHUNT_EXCLUSIVE)
}

/// Who answers in the system's place, in tests: a network that does what a seed says. Every count may be a negative
/// `errno`, as the system's calls would say it.
package protocol KernelStandIn: AnyObject {
    var now: Instant { get }
    func watch(_ descriptor: CInt, _ interest: Readiness, token: UInt64) -> CInt
    func change(_ descriptor: CInt, _ interest: Readiness, token: UInt64) -> CInt
    func unwatch(_ descriptor: CInt) -> CInt
    /// Tells of what is ready, at most `most`, or of nothing at `deadline`.
    func wait(most: Int, until deadline: Instant, _ report: (_ token: UInt64, Readiness) -> Void) -> CInt
    func wake()
    func accept(_ listener: CInt) -> (descriptor: CInt, peer: SocketAddress)
    /// A descriptor whose connection may be on its way still.
    func connect(to address: SocketAddress, from source: SocketAddress?) -> CInt
    /// `errno` of a connection that was on its way; 0 where it is there.
    func connectError(_ descriptor: CInt) -> CInt
    func receive(_ descriptor: CInt, _ room: UnsafeMutableRawBufferPointer) -> Int
    func send(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) -> Int
    func shutdownOutput(_ descriptor: CInt)
    func close(_ descriptor: CInt)
    func unread(_ descriptor: CInt) -> Int
    /// What is heard of the other end; nil where nobody can say.
    func transportState(_ descriptor: CInt) -> TransportState?
}

/// The system, as one reactor has it: a poller of its own, and the calls that it makes. One seam for all of them, so that
/// the loop above runs unchanged on a network that a seed invents.
///
/// A stand-in costs one comparison a call; a generic loop over kinds of kernels would have to be made for its owner's
/// module, and its owner with it.
struct Kernel: ~Copyable {
    let standIn: (any KernelStandIn)?
    private let poller: OwnedDescriptor
    private let waker: OwnedDescriptor

    /// Events of one wait at most.
    static let mostEvents = 128

    /// The system.
    ///
    /// - Throws: where the process has no descriptors left.
    init() throws(SystemError) {
        let poller = try OwnedDescriptor(shunt_poller_open())
        let waker = try OwnedDescriptor(shunt_waker_open())
        let said = shunt_poller_add(poller.number, waker.number, SHUNT_IN, Self.wakerToken)
        guard said >= 0 else { throw SystemError(code: -said) }
        self.init(nil, poller, waker)
    }

    init(standIn: any KernelStandIn) { self.init(standIn, OwnedDescriptor(), OwnedDescriptor()) }

    private init(
        _ standIn: (any KernelStandIn)?, _ poller: consuming OwnedDescriptor, _ waker: consuming OwnedDescriptor
    ) {
        self.standIn = standIn
        self.poller = poller
        self.waker = waker
    }

    /// The token of the poller's own waker; no socket has it.
    private static let wakerToken = UInt64.max

    var now: Instant {
        if let standIn { return standIn.now }
        return Instant(nanoseconds: shunt_clock())
    }

    /// What others may wake this kernel's wait with, from any thread, as long as it is there.
    var bell: Bell { Bell(waker: waker.number, standIn: standIn) }

    // MARK: Watching

    func watch(_ descriptor: CInt, _ interest: Readiness, token: UInt64) throws(SystemError) {
        let said =
            standIn.map { $0.watch(descriptor, interest, token: token) }
            ?? shunt_poller_add(poller.number, descriptor, interest.rawValue, token)
        guard said >= 0 else { throw SystemError(code: -said) }
    }

    func change(_ descriptor: CInt, _ interest: Readiness, token: UInt64) {
        if let standIn {
            _ = standIn.change(descriptor, interest, token: token)
        } else {
            _ = shunt_poller_change(poller.number, descriptor, interest.rawValue, token)
        }
    }

    func unwatch(_ descriptor: CInt) {
        if let standIn {
            _ = standIn.unwatch(descriptor)
        } else {
            _ = shunt_poller_remove(poller.number, descriptor)
        }
    }

    /// Waits until something is ready, at most until `deadline`, and puts it into `events`.
    ///
    /// - Returns: how many there are, and whether the bell rang.
    func wait(until deadline: Instant, _ events: inout Events) -> (count: Int, rang: Bool) {
        events.count = 0
        var rang = false
        if let standIn {
            let said = standIn.wait(most: Self.mostEvents, until: deadline) { token, readiness in
                events.append(token, readiness)
            }
            return (max(0, Int(events.count)), said == 1)
        }
        let found = unsafe shunt_poller_wait(
            poller.number, events.base, CInt(Self.mostEvents), span(until: deadline))
        events.count = max(0, Int(found))
        for index in 0..<events.count where unsafe events.base[index].token == Self.wakerToken {
            rang = true
            shunt_waker_clear(waker.number)
            events.remove(at: index)
            break
        }
        return (events.count, rang)
    }

    /// Nanoseconds that a wait may take; -1 for ever.
    private func span(until deadline: Instant) -> Int64 {
        deadline < .distantFuture ? max(0, (deadline - now).nanoseconds) : -1
    }

    // MARK: Sockets

    /// The next connection that waits at a listening socket, and who it is.
    func accept(_ listener: CInt) throws(SystemError) -> (descriptor: CInt, peer: SocketAddress) {
        if let standIn {
            let found = standIn.accept(listener)
            guard found.descriptor >= 0 else { throw SystemError(code: -found.descriptor) }
            return found
        }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let descriptor = unsafe shunt_accept(listener, &storage, &length)
        guard descriptor >= 0 else { throw SystemError(code: -descriptor) }
        return (descriptor, SocketAddress(storage, length: length))
    }

    func connect(to address: SocketAddress, from source: SocketAddress?) throws(SystemError) -> CInt {
        let said =
            standIn.map { $0.connect(to: address, from: source) } ?? SystemSocket.connect(to: address, from: source)
        guard said >= 0 else { throw SystemError(code: -said) }
        return said
    }

    func connectError(_ descriptor: CInt) -> CInt {
        standIn.map { $0.connectError(descriptor) } ?? SystemSocket.error(of: descriptor)
    }

    @inline(__always)
    func receive(_ descriptor: CInt, _ room: UnsafeMutableRawBufferPointer) -> Int {
        if let standIn { return unsafe standIn.receive(descriptor, room) }
        return unsafe shunt_receive(descriptor, room.baseAddress, room.count)
    }

    @inline(__always)
    func send(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) -> Int {
        if let standIn { return unsafe standIn.send(descriptor, bytes) }
        return unsafe shunt_send(descriptor, bytes.baseAddress, bytes.count)
    }

    /// The peer reads the end of what we say; we go on reading.
    func shutdownOutput(_ descriptor: CInt) {
        if let standIn {
            standIn.shutdownOutput(descriptor)
        } else {
            shutdown(descriptor, CInt(SHUT_WR))
        }
    }

    func close(_ descriptor: CInt) {
        if let standIn {
            standIn.close(descriptor)
        } else {
            Glibc.close(descriptor)
        }
    }

    /// Bytes of the peer's that nobody has read yet.
    func unread(_ descriptor: CInt) -> Int {
        standIn.map { $0.unread(descriptor) } ?? SystemSocket.unread(descriptor)
    }

    func transportState(_ descriptor: CInt) -> TransportState? {
        if let standIn { return standIn.transportState(descriptor) }
        return SystemSocket.transportState(descriptor)
    }
}

/// A descriptor that is closed when its owner goes.
private struct OwnedDescriptor: ~Copyable {
    /// -1 where there is none.
    let number: CInt

    init() { number = -1 }

    /// - Parameter said: a descriptor, or what is wrong as a negative `errno`.
    init(_ said: CInt) throws(SystemError) {
        guard said >= 0 else { throw SystemError(code: -said) }
        number = said
    }

    deinit { if number >= 0 { close(number) } }
}

/// The way to wake a reactor that waits, for other threads.
package struct Bell: @unchecked Sendable {
    // The stand-in is of tests, which run everything on one thread.
    fileprivate let waker: CInt
    fileprivate weak var standIn: (any KernelStandIn)?

    package func ring() {
        if waker >= 0 {
            shunt_waker_wake(waker)
        } else {
            standIn?.wake()
        }
    }
}

extension Kernel {
    /// The events of one wait, in memory that stays. (Safe from outside: only what was counted is read.)
    @safe
    struct Events: ~Copyable {
        fileprivate let base: UnsafeMutablePointer<shunt_event>
        fileprivate(set) var count = 0

        init() {
            unsafe base = .allocate(capacity: mostEvents)
            unsafe base.initialize(repeating: shunt_event(), count: mostEvents)
        }

        deinit { unsafe base.deallocate() }

        @inline(__always)
        subscript(index: Int) -> (token: UInt64, readiness: Readiness) {
            guard index >= 0, index < count else { return (0, []) }
            let event = unsafe base[index]
            return (event.token, Readiness(rawValue: event.flags))
        }

        fileprivate mutating func append(_ token: UInt64, _ readiness: Readiness) {
            guard count < mostEvents else { return }
            unsafe base[count] = shunt_event(token: token, flags: readiness.rawValue)
            count += 1
        }

        fileprivate mutating func remove(at index: Int) {
            count -= 1
            unsafe base[index] = base[count]
        }
    }
}
