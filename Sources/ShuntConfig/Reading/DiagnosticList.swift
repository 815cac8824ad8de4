/// Collects what is found while a file is read. A template is read once for each of its routes, so the same finding
/// comes often; it is kept once.
final class DiagnosticList {
    let file: String
    private var known: Set<Diagnostic> = []
    private(set) var list: [Diagnostic] = []
    private(set) var hasErrors = false

    /// More than this many help nobody.
    private static let most = 1000

    /// Nothing more is taken, though `hasErrors` may still change.
    var isFull: Bool { list.count >= Self.most }

    init(file: String) { self.file = file }

    func add(_ diagnostic: Diagnostic) {
        var diagnostic = diagnostic
        diagnostic.file = file
        if diagnostic.severity == .error { hasErrors = true }
        guard !isFull, known.insert(diagnostic).inserted else { return }
        list.append(diagnostic)
    }

    /// Whether something was told already.
    func knows(_ diagnostic: Diagnostic) -> Bool { known.contains(diagnostic) }

    func error(
        _ node: DocumentNode, _ problem: String, allowed: String? = nil, meant: String? = nil, advice: String? = nil
    ) {
        add(
            Diagnostic(
                .error, position: node.position, path: node.path.text, problem: problem, allowed: allowed,
                meant: meant, advice: advice))
    }

    func warning(_ node: DocumentNode, _ problem: String, advice: String? = nil) {
        add(Diagnostic(.warning, position: node.position, path: node.path.text, problem: problem, advice: advice))
    }

    func error(at position: SourcePosition, _ problem: String, advice: String? = nil) {
        add(Diagnostic(.error, position: position, path: "", problem: problem, advice: advice))
    }

    /// All findings in the order of the file.
    var sorted: [Diagnostic] {
        // The offset keeps the sort stable.
        list.enumerated().sorted { ($0.element.position, $0.offset) < ($1.element.position, $1.offset) }.map(\.element)
    }
}
