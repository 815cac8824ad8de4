import ShuntCore
import Testing

@Suite struct TimeTextTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_164_800_001, "2024-02-29T00:00:00.001Z"), (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
            (1_795_371_150_250, "2026-11-22T18:12:30.250Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func `a time is written as RFC 3339 has it, and read again`(milliseconds: Int64, text: String) {
        let time = UnixTime(milliseconds: milliseconds)
        #expect(time.text == text)
        #expect(UnixTime(text: text) == time)
    }

    @Test func `the ends of time are written too`() {
        #expect(UnixTime(milliseconds: .max).text.hasSuffix("Z"))
        #expect(UnixTime(milliseconds: .min).text.hasPrefix("-"))
    }

    @Test(
        arguments: [
            ("2026-11-22T18:12:30Z", 1_795_371_150_000), ("2026-11-22T18:12:30.2Z", 1_795_371_150_200),
            ("2026-11-22T18:12:30.123456Z", 1_795_371_150_123),
        ] as [(String, Int64)])
    func `fractions of any length are read`(text: String, milliseconds: Int64) {
        #expect(UnixTime(text: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "Z", "2026-11-22", "2026-11-22T18:12:30", "2026-11-22 18:12:30Z", "2026-13-22T18:12:30Z",
        "2026-02-30T18:12:30Z", "2025-02-29T00:00:00Z", "2026-11-22T24:12:30Z", "2026-11-22T18:60:30Z",
        "2026-11-22T18:12:30.Z", "2026-11-22T18:12:30.1+1Z", "2O26-11-22T18:12:30Z",
        "2026-11-22T18:12:30.1234567890123Z",
        "2026-11-22T18:12:30+01:00",
    ])
    func `what is no time in UTC is not read`(text: String) {
        #expect(UnixTime(text: text) == nil)
    }
}
