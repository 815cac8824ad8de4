import Testing

@testable import ShuntRuntime

@Suite struct FlushListTests {
    private final class Handler: Flushable {
        let number: Int
        var nextToFlush: Unmanaged<Handler>?
        var isDirty = false
        init(_ number: Int) { self.number = number }
        func flush() {}
    }

    /// The numbers of those that are in the list, which is empty then.
    private func numbers(_ list: inout FlushList<Handler>) -> [Int] {
        var numbers: [Int] = []
        while let next = list.popFirst() { numbers.append(next.number) }
        return numbers
    }

    @Test func `handlers come in the order in which they went in, and then there are none`() {
        var list = FlushList<Handler>()
        for _ in 0..<2 {
            for number in 0..<5 { list.append(Handler(number)) }
            let isEmpty = list.isEmpty
            #expect(!isEmpty)
            let numbers = numbers(&list)
            #expect(numbers == [0, 1, 2, 3, 4])
            let isEmptyThen = list.isEmpty
            #expect(isEmptyThen)
        }
    }

    @Test func `who gets output while others are flushed has its own turn, itself included`() {
        let (one, two) = (Handler(1), Handler(2))
        var list = FlushList<Handler>()
        list.append(one)
        list.append(two)
        var taken = list.takeAll()
        let first = taken.popFirst()
        #expect(first === one)
        list.append(one)
        list.append(Handler(3))
        let rest = numbers(&taken)
        #expect(rest == [2])
        list.append(two)
        let next = numbers(&list)
        #expect(next == [1, 3, 2])
    }

    @Test func `who is in the list already is not put in again, and nobody is lost by it`() {
        let (one, two) = (Handler(1), Handler(2))
        var list = FlushList<Handler>()
        for handler in [one, two, one, Handler(3), two] { list.append(handler) }
        let numbers = numbers(&list)
        #expect(numbers == [1, 2, 3])
        #expect(!one.isDirty)
    }

    @Test func `nobody is kept who was taken out, nor whoever is in a list that is no more`() {
        weak var taken: Handler?
        weak var left: Handler?
        do {
            var list = FlushList<Handler>()
            do {
                let (one, two) = (Handler(1), Handler(2))
                (taken, left) = (one, two)
                list.append(one)
                list.append(two)
            }
            #expect(taken != nil)
            _ = list.popFirst()
            #expect(taken == nil)
            #expect(left != nil)
        }
        #expect(left == nil)
    }
}
