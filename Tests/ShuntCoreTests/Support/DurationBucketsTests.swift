import ShuntCore
import Testing

@Suite struct DurationBucketsTests {
    @Test(arguments: [
        (Int64.min, 0), (-1, 0), (0, 0), (1_000_000, 0), (1_000_001, 1), (2_000_000, 1), (2_000_001, 2), (4_000_000, 2),
        (4_000_001, 3), (32_768_000_000, 15), (32_768_000_001, 16), (Int64.max, 16),
    ])
    func `a bucket takes what is above the bound before it, up to its own`(nanoseconds: Int64, bucket: Int) {
        #expect(DurationBuckets.bucket(of: TimeSpan(nanoseconds: nanoseconds)) == bucket)
    }

    @Test func `a table keeps what it counted when places change, and forgets what has none`() {
        var table = DurationTable(places: 4)
        table.add(.milliseconds(3), at: 1)
        table.add(.milliseconds(3), at: 3)
        table.add(.milliseconds(3), at: 4)
        table.add(.milliseconds(3), at: -1)
        let moved = table.moved(to: [1, -1, 0])
        #expect(moved[0]?.count == 1)
        #expect(moved[0]?.nanoseconds == 3_000_000)
        #expect(moved[1] == nil && moved[2] == nil && moved[3] == nil)
    }
}
