/// A socket's handler that gathers output and writes it at the end of a turn.
protocol Flushable: AnyObject {
    /// The handler that is flushed after this one; the list's own.
    var nextToFlush: Unmanaged<Self>? { get set }
    /// Whether a list has it; the list's own.
    var isDirty: Bool { get set }
    func flush()
}

/// Handlers with output, in the order in which they got it, each once. The list goes through the
/// handlers themselves: an array costs more for each message than all else that is done to plan a write.
///
/// Whoever is in the list is held by it: counted once when it comes in, and given to the caller when it goes out.
struct FlushList<Element: Flushable>: ~Copyable {
    private var first: Unmanaged<Element>?
    private var last: Unmanaged<Element>?

    deinit {
        var next = first
        while let element = next?.takeRetainedValue() {
            next = element.nextToFlush
            element.nextToFlush = nil
            element.isDirty = false
        }
    }

    var isEmpty: Bool { first == nil }

    @inline(__always)
    mutating func append(_ element: Element) {
        guard !element.isDirty else { return }
        element.isDirty = true
        let element = Unmanaged.passRetained(element)
        if let last {
            last._withUnsafeGuaranteedRef { $0.nextToFlush = element }
        } else {
            first = element
        }
        last = element
    }

    @inline(__always)
    mutating func popFirst() -> Element? {
        guard let element = first?.takeRetainedValue() else { return nil }
        element.isDirty = false
        first = element.nextToFlush
        element.nextToFlush = nil
        if first == nil { last = nil }
        return element
    }

    /// Moves all that are in the list now to one that nobody else adds to.
    mutating func takeAll() -> FlushList {
        var taken = FlushList()
        swap(&taken, &self)
        return taken
    }
}
