import Foundation
import HTTPTypes
import ShuntCore

extension AdminAPI {
    /// Days that are summed unless `since` says otherwise.
    private static let usualDays = 30

    static let usage = AdminOperation(
        "usage", .get, .fixed(AdminPath.usage), access: .read,
        "Who uses what, by UTC day, and what is to be said about each legacy endpoint.",
        parameters: [
            Parameter(
                "since", .text(longest: 16, pattern: #"^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,4}d)$"#),
                "The first day, `2026-11-22`, or how many days before today, `30d`; 30d unless given."),
            Parameter("endpoint", .text(longest: 500, pattern: "^/"), "Only this one, by its path."),
            Parameter(
                "by", .words(UsageDimension.allCases.map(\.rawValue)),
                "What rows are told apart by, beside the endpoint."),
            Parameter(
                "format", .word(["json", "csv"]), "`csv` gives the rows alone (RFC 4180), as `Accept: text/csv` does."),
        ],
        answer: "UsageAnswer", problems: [.notPossible, .storeUnavailable]
    ) { call throws(Problem) in
        let revision = await call.control.status().revision
        var query = UsageQuery(since: try since(call.word("since") ?? "\(usualDays)d"))
        query.endpoint = call.word("endpoint")
        query.by = Set(call.words("by").compactMap(UsageDimension.init(rawValue:)))
        let report: UsageReport
        do throws(ControlProblem) {
            report = try await call.control.usage(query)
        } catch {
            throw Problem(error)
        }
        let answer = UsageAnswer(report)
        guard call.word("format").map({ $0 == "csv" }) ?? call.wantsCSV else {
            return try .json(answer, revision: revision)
        }
        return Answer(type: "text/csv; charset=utf-8; header=present", body: .bytes(Data(UsageCSV.text(answer).utf8)))
    }

    private static func since(_ text: String) throws(Problem) -> UsageDay {
        if let day = UsageDay(text: text) { return day }
        let today = UsageDay(UnixTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)))
        if text.hasSuffix("d"), let days = Int(text.dropLast()), (0...9999).contains(days) {
            return today.adding(-days)
        }
        let shown = PlainText.cleaned(text, longest: 16)
        var problem = Problem(.badParameter, "`since` is `\(shown)`, but must be a day such as \(today.text), or 30d")
        problem.allowed = ["a day", "a number of days"]
        throw problem
    }
}
