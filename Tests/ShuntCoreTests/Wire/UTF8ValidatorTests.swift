import ShuntCore
import ShuntTesting
import Testing

@Suite struct UTF8ValidatorTests {
    static let cases: [(bytes: [UInt8], good: Bool)] = [
        ([], true), ([0x00], true), ([0x7F], true), ([0x80], false), ([0xBF], false),
        ([0xC0, 0x80], false), ([0xC1, 0xBF], false), ([0xC2, 0x80], true), ([0xDF, 0xBF], true), ([0xC2], false),
        ([0xC2, 0x7F], false), ([0xC2, 0xC0], false),
        ([0xE0, 0x9F, 0xBF], false), ([0xE0, 0xA0, 0x80], true), ([0xEC, 0xBF, 0xBF], true),
        ([0xED, 0x9F, 0xBF], true), ([0xED, 0xA0, 0x80], false), ([0xED, 0xBF, 0xBF], false),
        ([0xEE, 0x80, 0x80], true), ([0xEF, 0xBF, 0xBF], true), ([0xE2, 0x82], false), ([0xE2, 0x28, 0xA1], false),
        ([0xF0, 0x8F, 0xBF, 0xBF], false), ([0xF0, 0x90, 0x80, 0x80], true), ([0xF3, 0xBF, 0xBF, 0xBF], true),
        ([0xF4, 0x8F, 0xBF, 0xBF], true), ([0xF4, 0x90, 0x80, 0x80], false), ([0xF5, 0x80, 0x80, 0x80], false),
        ([0xF0, 0x9F, 0x98], false), ([0xF0, 0x9F, 0x98, 0x41], false), ([0xFE], false), ([0xFF], false),
        ([0xF8, 0x88, 0x80, 0x80, 0x80], false),
    ]

    private func isValid(_ bytes: [UInt8], _ from: Int = 0, _ count: Int? = nil) -> Bool {
        UTF8Validator.isValid(bytes.span, from: from, count: count ?? bytes.count)
    }

    @Test func `each row of table 3-7 is kept, wherever it stands among ASCII`() {
        for (bytes, good) in Self.cases {
            for before in [0, 1, 7, 8, 15, 16, 31, 63, 64, 65] {
                for after in [0, 1, 8, 70] {
                    let text =
                        [UInt8](repeating: 65, count: before) + bytes + [UInt8](repeating: 66, count: after)
                    #expect(
                        isValid(text) == good,
                        "\(bytes) after \(before), before \(after)")
                }
            }
        }
    }

    @Test func `random bytes are judged as the standard library judges them`() {
        var random = Dice(seed: 3)
        var valid = 0
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<random.below(6) {
                let scalar = Unicode.Scalar(UInt32(random.below(0x11_0000))) ?? "x"
                bytes += Array(String(Character(scalar)).utf8)
                if random.chance(1, in: 8) { bytes.append(UInt8(random.below(256))) }
                if random.chance(1, in: 10), !bytes.isEmpty { bytes.removeLast() }
            }
            let expected = String(validating: bytes, as: UTF8.self) != nil
            if expected { valid += 1 }
            #expect(isValid(bytes) == expected, "\(bytes)")
        }
        #expect(valid > 1000 && valid < 19_000)
    }

    @Test func `only the range is looked at, and one that is not there is invalid`() {
        let bytes: [UInt8] = [0xFF, 65, 66, 0xFF]
        #expect(isValid(bytes, 1, 2))
        #expect(!isValid(bytes, 1, 3))
        #expect(isValid(bytes, 4, 0))
        for (from, count) in [(-1, 1), (5, 0), (0, 5), (1, Int.max), (Int.max, 1), (1, -1)] {
            #expect(!isValid(bytes, from, count))
        }
        let cut: [UInt8] = [0xE2, 0x82, 0xAC]
        #expect(!isValid(cut, 0, 2))
    }
}
