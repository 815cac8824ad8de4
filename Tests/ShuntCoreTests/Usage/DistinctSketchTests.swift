import ShuntCore
import Testing

@Suite struct DistinctSketchTests {
    private func sketch(_ range: Range<Int>) -> DistinctSketch {
        var sketch = DistinctSketch()
        for number in range { sketch.add(SipHash.hash(Array("session \(number)".utf8), key: (3, 4))) }
        return sketch
    }

    @Test(arguments: [0, 1, 2, 127, 128])
    func `up to 128 the count is exact`(count: Int) {
        let sketch = sketch(0..<count)
        #expect(sketch.isExact)
        #expect(sketch.count == count)
    }

    @Test(arguments: [129, 500, 1000, 2500, 5000, 20_000, 200_000])
    func `beyond, it is within four standard errors`(count: Int) {
        let sketch = sketch(0..<count)
        #expect(!sketch.isExact)
        #expect(abs(Double(sketch.count - count)) <= 0.13 * Double(count), "\(sketch.count) of \(count)")
    }

    @Test func `what was added before changes nothing`() {
        var twice = sketch(0..<100)
        twice.formUnion(sketch(0..<100))
        #expect(twice == sketch(0..<100))
        var many = sketch(0..<5000)
        many.formUnion(sketch(1000..<2000))
        #expect(many == sketch(0..<5000))
    }

    @Test(arguments: [(0..<50, 40..<90), (0..<100, 90..<300), (0..<3000, 2000..<2010), (0..<5, 0..<3000)])
    func `a union is what one sketch of all would be`(left: Range<Int>, right: Range<Int>) {
        var union = sketch(left)
        union.formUnion(sketch(right))
        let all = sketch(min(left.lowerBound, right.lowerBound)..<max(left.upperBound, right.upperBound))
        #expect(union == all)
    }

    @Test(arguments: [0, 1, 128, 129, 4000])
    func `it is read back as it was written`(count: Int) {
        let sketch = sketch(0..<count)
        #expect(DistinctSketch(bytes: sketch.bytes) == sketch)
    }

    private static let bad: [[UInt8]] = [
        [], [2], [0, 1, 2, 3], [1], [1] + [UInt8](repeating: 0, count: 1023),
        [1] + [UInt8](repeating: 200, count: 1024), [0] + [UInt8](repeating: 0, count: 129 * 8),
    ]

    @Test(arguments: bad)
    func `bytes that are no sketch are refused`(bytes: [UInt8]) {
        #expect(DistinctSketch(bytes: bytes) == nil)
    }
}
