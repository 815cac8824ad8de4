/// A compiled configuration: immutable, shared by all workers, swapped whole.
package final class RoutingTable: Sendable {
    package let definition: TableDefinition
    package let upstreams: [Upstream]
    package let routes: [Route]

    package init(_ definition: TableDefinition) throws(TableProblem) {
        self.definition = definition
        upstreams = definition.upstreams.enumerated().map { Upstream(index: $0.offset, settings: $0.element) }
        routes = []
    }
}
