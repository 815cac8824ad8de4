/// Where in the document a value stands: `routes.guide.legacy.upstream.url`, `listen.clients[1]`.
///
/// A list of components that share their front: a path costs one small object, however long the keys are.
final class DocumentPath: Sendable {
    private let parent: DocumentPath?
    private let component: Component

    private enum Component: Sendable {
        case root
        case key(String)
        case index(Int)
    }

    private init(parent: DocumentPath?, component: Component) {
        self.parent = parent
        self.component = component
    }

    static let root = DocumentPath(parent: nil, component: .root)

    func appending(key: String) -> DocumentPath { DocumentPath(parent: self, component: .key(key)) }
    func appending(index: Int) -> DocumentPath { DocumentPath(parent: self, component: .index(index)) }

    /// The path as text, with overlong keys cut and the middle of a very deep path left out.
    var text: String {
        var components: [Component] = []
        var next: DocumentPath? = self
        while let path = next {
            components.append(path.component)
            next = path.parent
        }
        components.reverse()
        var result = ""
        let longest = 12
        for (offset, component) in components.enumerated() {
            if components.count > longest, offset == longest / 2 { result += ".…" }
            if components.count > longest, (longest / 2..<components.count - longest / 2).contains(offset) { continue }
            switch component {
            case .root: break
            case .key(let key):
                result += (result.isEmpty ? "" : ".") + (key.isEmpty ? "\"\"" : Excerpt.of(key, longest: 40))
            case .index(let index): result += "[\(index)]"
            }
        }
        return result
    }
}
