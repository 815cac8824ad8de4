import Foundation
import ShuntControl
import Testing

@testable import shunt

@Suite struct AdminRefusalTests {
    private func failure(_ code: ProblemCode, detail: String = "So it is.", meant: String? = nil) throws
        -> CommandFailure
    {
        var problem: [String: Any] = [
            "type": code.type, "title": code.title, "status": code.status, "detail": detail, "code": code.rawValue,
        ]
        problem["meant"] = meant
        return AdminRefusal.failure(
            status: code.status, body: try JSONSerialization.data(withJSONObject: problem),
            address: try AdminAddress("http://127.0.0.1:9"))
    }

    @Test(arguments: ProblemCode.allCases)
    func `each problem has its exit code and says the detail`(code: ProblemCode) throws {
        let failure = try failure(code)
        #expect(failure.kind == ([.unauthorized, .insufficientScope].contains(code) ? .forbidden : .refused))
        #expect(failure.text.hasPrefix("So it is."))
        #expect(failure.answer?.contains(code.rawValue) == true)
    }

    @Test
    func `what was meant is said once`() throws {
        #expect(try failure(.unknownRoute, meant: "guide").text.contains("Did you mean 'guide'?"))
        let said = try failure(.unknownRoute, detail: "No route 'gide'; 'guide'?", meant: "guide").text
        #expect(!said.contains("Did you mean"))
    }

    @Test(arguments: ["<html>", "", "{}", "{\"error\":\"x\"}"])
    func `another server is not taken for a proxy`(body: String) throws {
        let failure = AdminRefusal.failure(
            status: 404, body: Data(body.utf8), address: try AdminAddress("http://127.0.0.1:9"))
        #expect(failure.kind == .unreachable)
        #expect(failure.text.contains("not Shunt's admin listener"))
    }

    @Test
    func `control characters of an answer stay out of the terminal`() throws {
        #expect(!(try failure(.notPossible, detail: "a\u{1B}[2Jb").text.contains("\u{1B}")))
    }
}
