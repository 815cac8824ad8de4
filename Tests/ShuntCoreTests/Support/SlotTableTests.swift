import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Slot table` {
    private enum Tag {}

    @Test func `an id finds its element until that is removed`() {
        var table = SlotTable<String, Tag>()
        let one = table.insert("one")
        #expect(table[one] == "one")
        table[one]?.append("!")
        #expect(table.remove(one) == "one!")
        #expect(table[one] == nil)
        #expect(table.remove(one) == nil)
        #expect(table.count == 0)
    }

    @Test func `a slot that is used again is not found by an old id`() {
        var table = SlotTable<String, Tag>()
        let old = table.insert("old")
        table.remove(old)
        let new = table.insert("new")
        #expect(new.index == old.index)
        #expect(table[old] == nil)
        table[old]?.append("!")
        #expect(table[new] == "new")
        #expect(table.remove(old) == nil)
        #expect(table.contains(new) && !table.contains(old))
    }

    @Test func `the id that means nothing finds nothing`() {
        var table = SlotTable<Int, Tag>()
        #expect(table[.none] == nil)
        #expect(table.remove(.none) == nil)
        #expect(SlotID<Tag>.none.isNone)
    }

    @Test func `ids come in the order of slots`() {
        var table = SlotTable<Int, Tag>()
        let ids = (0..<5).map { table.insert($0) }
        table.remove(ids[1])
        table.remove(ids[3])
        #expect(table.ids == [ids[0], ids[2], ids[4]])
        let again = table.insert(9)
        #expect(table.ids.map { table[$0] } == [0, 2, 9, 4])
        #expect(table.count == 4 && table.contains(again))
    }

    @Test func `a table that a burst made large becomes small again, and old ids find nothing`() {
        var table = SlotTable<String, Tag>()
        let stays = table.insert("stays")
        let burst = (0..<1000).map { table.insert("\($0)") }
        for id in burst.dropFirst(5) { table.remove(id) }
        table.shrink()
        #expect(table.count == 6)
        #expect(table[stays] == "stays")
        #expect(burst.prefix(5).map { table[$0] } == ["0", "1", "2", "3", "4"])
        #expect(!burst.dropFirst(5).contains { table.contains($0) })
        let again = (0..<1000).map { table.insert("again \($0)") }
        #expect(Set(again.map(\.index)).count == 1000)
        #expect(again.enumerated().allSatisfy { table[$0.element] == "again \($0.offset)" })
        #expect(!burst.dropFirst(5).contains { table.contains($0) }, "an id of the past finds nobody else")
        #expect(table[stays] == "stays")
    }

    /// A table that shrinks whenever it can beside one that never does: the same elements under the same answers.
    @Test(arguments: 0..<30 as Range<UInt64>)
    func `shrinking changes nothing that is found`(seed: UInt64) {
        var dice = Dice(seed: seed)
        var table = SlotTable<Int, Tag>()
        var expected: [SlotID<Tag>: Int] = [:]
        var gone: [SlotID<Tag>] = []
        for round in 0..<40 {
            for _ in 0..<dice.below(300) {
                let value = Int(truncatingIfNeeded: dice.next())
                let id = table.insert(value)
                #expect(expected.updateValue(value, forKey: id) == nil, "an id is handed out once")
            }
            let leavers = expected.keys.sorted { ($0.index, $0.generation) < ($1.index, $1.generation) }
            for id in leavers where dice.below(10) < (round % 2 == 0 ? 9 : 3) {
                #expect(table.remove(id) == expected.removeValue(forKey: id))
                gone.append(id)
            }
            table.shrink()
            #expect(table.count == expected.count)
            #expect(expected.allSatisfy { table[$0.key] == $0.value })
            #expect(!gone.suffix(2000).contains { table.contains($0) })
        }
    }
}
