/// Why something was not done, as `application/problem+json` (RFC 9457). Nothing of it was done.
package struct ProblemAnswer: Codable, Sendable, Hashable {
    /// `/problems/` and the code: stable.
    package var type: String
    package var title: String
    /// As in the status line.
    package var status: Int
    /// For people: what is wrong in this case and what to do.
    package var detail: String
    /// For programs: a word of `ProblemCode`.
    package var code: String
    /// What is wrong, one line each: `file:line:column: path: what`.
    package var errors: [String]?
    /// The words or forms that would have been accepted.
    package var allowed: [String]?
    /// The word that was probably meant.
    package var meant: String?
    /// The revision that is in force, where the request named another.
    package var revision: Int64?
}
