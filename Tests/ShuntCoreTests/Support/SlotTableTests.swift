import ShuntCore
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
}
