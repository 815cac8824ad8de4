import ShuntCore
import Testing

private let today = UsageDay(number: 20_000)
private let noon = UnixTime(milliseconds: today.start.milliseconds + 43_200_000)

/// Use on a day at noon, by so many sessions.
private func row(_ daysAgo: Int, sessions: Int = 1, app: String = "web", messages: Int = 1) -> UsageRow {
    var counts = UsageCounts()
    counts.messages = messages
    for number in 0..<sessions { counts.sessions.add(UInt64(number) &* 0x9E37_79B9_7F4A_7C15) }
    let day = today.adding(-daysAgo)
    let seen = UnixTime(milliseconds: day.start.milliseconds + 43_200_000)
    if messages > 0 { (counts.firstSeen, counts.lastSeen) = (seen, seen) }
    return UsageRow(day: day, key: UsageKey(endpoint: "/old", route: "r", app: app, version: "2"), counts: counts)
}

private func verdict(
    _ rows: [UsageRow], watchedFor days: Int = 60, except gaps: Set<Int> = [], now: UnixTime = noon
) -> EndpointVerdict {
    let watched = (0..<days).filter { !gaps.contains($0) }.map { today.adding(-$0) }
    return EndpointVerdict(
        endpoint: "/old", rows: rows, watched: watched, quietPeriod: .hours(14 * 24), now: now)
}

@Suite struct VerdictTests {
    @Test(arguments: [0, 1])
    func `what was used today or yesterday is in use`(daysAgo: Int) {
        let verdict = verdict([row(daysAgo), row(30)])
        #expect(verdict.judgement == .inUse)
        #expect(verdict.quietSince == nil)
    }

    @Test func `silent for 13 days is quiet, and not safe`() {
        let verdict = verdict([row(13)])
        #expect(verdict.judgement == .quiet)
        #expect(verdict.quietSince == today.adding(-12))
        #expect(verdict.quietDaysWatched == 13)
        #expect(verdict.because == "watched on 13 days without any use, of the 14 that are needed")
    }

    @Test func `silent for 14 whole days is safe to remove, and a moment earlier it is not`() {
        #expect(verdict([row(14)]).judgement == .safeToRemove)
        let earlier = UnixTime(milliseconds: noon.milliseconds - 1)
        #expect(verdict([row(14)], now: earlier).judgement == .quiet)
    }

    @Test func `open but idle does not keep it in use`() {
        let idle = (0..<20).map { row($0, sessions: 0, messages: 0) }
        #expect(verdict(idle + [row(20)]).judgement == .safeToRemove)
    }

    @Test func `spoken on three days, the last one counts`() {
        let verdict = verdict([row(5), row(4), row(3, app: "phone")])
        #expect(verdict.judgement == .quiet)
        #expect(verdict.quietSince == today.adding(-2))
        #expect(verdict.users.map(\.app) == ["phone", "web"])
        #expect(verdict.users.map(\.messages) == [1, 2])
    }

    @Test(arguments: [1, 5, 13])
    func `watched for less than the quiet period, it is never safe`(days: Int) {
        let verdict = verdict([], watchedFor: days)
        #expect(verdict.judgement == .quiet)
        #expect(verdict.lastSeen == nil)
        #expect(verdict.watchedSince == today.adding(1 - days))
        #expect(verdict.because.hasPrefix("watched for \(days) day\(days == 1 ? "" : "s") only"))
    }

    @Test func `never used, and watched long enough, it is safe`() {
        #expect(verdict([], watchedFor: 15).judgement == .safeToRemove)
    }

    @Test func `days on which the proxy did not run are no evidence`() {
        let verdict = verdict([row(20)], except: Set(3..<15))
        #expect(verdict.judgement == .quiet)
        #expect(verdict.quietDaysWatched == 8)
    }

    @Test func `never watched, nothing can be said`() {
        let verdict = verdict([], watchedFor: 0)
        #expect(verdict.judgement == .quiet)
        #expect(verdict.quietSince == nil)
        #expect(verdict.because == "not watched yet: nothing can be said")
    }

    @Test func `days that are still to come are no evidence`() {
        #expect(verdict([row(-400), row(20)]).judgement == .safeToRemove)
    }
}

@Suite struct TrendTests {
    private func trend(_ count: (Int) -> Int, days: Int = 28) -> Trend {
        Trend((1...days).map { (today.adding(-$0), count($0)) }, today: today)
    }

    @Test func `a straight fall ends where its line does`() {
        // 10 sessions a day fewer every day: 10 yesterday, none today.
        #expect(trend { $0 * 10 } == .ends(today, earliest: today, latest: today))
        // Half as steep and from a height: 100 + 5 x reaches zero in 20 days.
        #expect(
            trend { 100 + $0 * 5 } == .ends(today.adding(20), earliest: today.adding(20), latest: today.adding(20)))
    }

    @Test func `a fall with noise has an interval around its end`() throws {
        guard case .ends(let end, let earliest, let latest) = trend({ 100 + $0 * 5 + ($0 % 2 == 0 ? 15 : -15) }) else {
            Issue.record("declining")
            return
        }
        #expect(earliest < end)
        #expect(end < latest)
        #expect(abs(end.days(since: today.adding(20))) <= 3)
    }

    @Test(arguments: [0, 3])
    func `a level or rising line does not decline`(slope: Int) {
        #expect(trend { 100 - $0 * slope } == .notDeclining)
    }

    @Test func `noise alone is no decline`() {
        #expect(trend { 50 + ($0 * 7919 % 13) } == .notDeclining)
    }

    @Test func `fewer than 14 whole days are too little`() {
        #expect(trend({ $0 }, days: 13) == .tooLittleData(days: 13))
        #expect(Trend([(today, 5)], today: today) == .tooLittleData(days: 0))
    }

    @Test func `what nobody used has no trend`() {
        #expect(trend { _ in 0 } == .unused)
    }
}
