package import ShuntCore

/// What is to happen, by time; what is noted first happens first at equal times. A binary heap.
package struct Agenda<Entry> {
    private struct Item {
        let time: Instant
        let order: Int
        let entry: Entry

        func comesBefore(_ other: Item) -> Bool { time < other.time || (time == other.time && order < other.order) }
    }

    private var heap: [Item] = []
    private var order = 0

    package init() {}

    package var isEmpty: Bool { heap.isEmpty }
    /// When the next entry is due; `.distantFuture` when there is none.
    package var next: Instant { heap.first?.time ?? .distantFuture }

    package mutating func note(_ entry: Entry, at time: Instant) {
        heap.append(Item(time: time, order: order, entry: entry))
        order += 1
        var child = heap.count - 1
        while child > 0, heap[child].comesBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    package mutating func pop() -> Entry? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first.entry }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].comesBefore(heap[least]) { least = child }
            }
            if least == parent { return first.entry }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
