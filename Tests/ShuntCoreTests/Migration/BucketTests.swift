import ShuntCore
import Testing

@Suite struct `Buckets` {
    /// The published vectors of MurmurHash3_x86_32 with seed 0.
    @Test(
        arguments: [
            ([], 0), (Array("test".utf8), 0xBA6B_D213), (Array("Hello, world!".utf8), 0xC036_3E43),
            (Array("The quick brown fox jumps over the lazy dog".utf8), 0x2E4F_F723),
            ([0xFF, 0xFF, 0xFF, 0xFF], 0x7629_3B50),
            ([0x21, 0x43, 0x65, 0x87], 0xF55B_516B), ([0x21, 0x43, 0x65], 0x7E4A_8634), ([0x21, 0x43], 0xA0F7_B07A),
            ([0x21], 0x7266_1CF4), ([0, 0, 0, 0], 0x2362_F9DE), ([0, 0, 0], 0x85F0_B427), ([0], 0x514E_28B7),
        ] as [([UInt8], UInt32)])
    func `the hash is the published one`(bytes: [UInt8], hash: UInt32) {
        #expect(Bucket.murmur3(bytes) == hash)
    }

    /// Whoever else works out the share of a user (another proxy, a frontend) comes to the same: never change these.
    @Test(arguments: [
        ("guide", "anna", 7305), ("guide", "bert", 9393), ("guide", "", 9417), ("liaison/content", "anna", 6225),
        ("liaison/content", "bert", 4898), ("liaison/content", "emil", 30), ("guide", "é", 5471),
        ("guide", "00000000-0000-4000-8000-000000000001", 9344), ("", "", 3175),
    ])
    func `a user's bucket of a route is golden`(salt: String, user: String, bucket: Int) {
        #expect(Bucket.of(salt: salt, user: ByteString(user)) == bucket)
    }

    @Test func `users spread evenly over the steps, on every route anew`() {
        let users = (0..<10_000).map { ByteString("user-\($0)@example.com") }
        for salt in ["guide", "liaison/content"] {
            var counts = Array(repeating: 0, count: 100)
            for user in users {
                let bucket = Bucket.of(salt: salt, user: user)
                #expect((0..<Rollout.whole).contains(bucket))
                counts[bucket / 100] += 1
            }
            // 99 degrees of freedom: 148.2 is exceeded by chance once in a thousand times.
            let chiSquare = counts.reduce(0.0) { $0 + Double(($1 - 100) * ($1 - 100)) / 100 }
            #expect(chiSquare < 148.2)
        }
        let both = users.count { Bucket.of(salt: "a", user: $0) < 1000 && Bucket.of(salt: "b", user: $0) < 1000 }
        #expect((50...150).contains(both), "a small share of two routes is not the same people")
    }

    @Test func `a raised share moves nobody back`() {
        for user in (0..<500).map({ ByteString("user \($0)") }) {
            let bucket = Bucket.of(salt: "guide", user: user)
            let served = (0...100).map { bucket < Rollout(steps: $0 * 100).steps }
            #expect(served == served.sorted { !$0 && $1 })
            #expect(served.first == false)
            #expect(served.last == true)
        }
    }
}
