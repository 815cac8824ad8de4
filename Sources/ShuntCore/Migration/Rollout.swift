/// The share of a route's sessions that the unified upstream serves, in steps of a hundredth of a percent: 0 is none
/// (`legacy`), 10,000 all (`unified`).
package struct Rollout: Sendable, Hashable {
    package static let whole = 10_000
    package static let legacy = Rollout(steps: 0)
    package static let unified = Rollout(steps: whole)

    /// 0…10,000.
    package let steps: Int

    /// - Parameter steps: cut to 0…10,000.
    package init(steps: Int) { self.steps = min(max(steps, 0), Self.whole) }

    package init(_ side: Side) { self = side == .unified ? .unified : .legacy }

    /// The one side that serves all sessions; nil for a real share.
    package var side: Side? { steps == 0 ? .legacy : steps == Self.whole ? .unified : nil }

    /// `legacy`, `unified`, `25%`, `0.5%`: what `Rollout(text:)` reads.
    package var text: String {
        if let side { return side.text }
        let hundredths = steps % 100
        if hundredths == 0 { return "\(steps / 100)%" }
        let digits = hundredths % 10 == 0 ? "\(hundredths / 10)" : (hundredths < 10 ? "0" : "") + "\(hundredths)"
        return "\(steps / 100).\(digits)%"
    }

    /// `0%`, `25%`, `100%`: for a share that is not one of sides.
    package var percentText: String { side.map { $0 == .unified ? "100%" : "0%" } ?? text }

    /// Reads `legacy`, `unified` or a share in percent with at most two decimals; nil for anything else, shares above
    /// 100 % included.
    package init?(text: String) {
        if let side = Side.allCases.first(where: { $0.text == text }) {
            self.init(side)
            return
        }
        guard text.utf8.last == UInt8(ascii: "%") else { return nil }
        let parts = text.dropLast().split(separator: ".", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let percent = Self.digits(first, atMost: 3) else { return nil }
        var hundredths = 0
        if parts.count == 2 {
            guard let read = Self.digits(parts[1], atMost: 2) else { return nil }
            hundredths = parts[1].utf8.count == 1 ? read * 10 : read
        }
        let steps = percent * 100 + hundredths
        guard steps <= Self.whole else { return nil }
        self.init(steps: steps)
    }

    private static func digits(_ text: Substring, atMost count: Int) -> Int? {
        guard !text.isEmpty, text.utf8.count <= count, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return nil
        }
        return Int(text)
    }
}
