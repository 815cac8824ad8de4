import ShuntCore

/// A table's definition while it is read, with the places of its parts in the file.
struct TableDraft {
    var definition = TableDefinition()
    /// The unified upstream's settings, over the defaults of all upstreams.
    var unifiedUpstream: DocumentNode?
    /// There is a unified upstream, but it could not be read.
    var hasBrokenUnified = false
    /// There are routes that could not be read.
    var hasBrokenRoutes = false
    var lines = RouteLines()
    /// The store's url as it may be printed; nil where the file names none.
    var shownStore: String?
    /// For each of the definition's brownouts.
    var brownoutPlaces: [DocumentNode] = []
    private(set) var routePlaces: [DocumentNode] = []
    private(set) var upstreamPlaces: [DocumentNode] = []
    private(set) var unlistedPlaces: [DocumentNode] = []
    /// The urls as they may be printed, for each upstream.
    private(set) var shownURLs: [String] = []
    /// The matches as they may be printed, for each route.
    private(set) var shownMatches: [[String]] = []

    mutating func append(_ upstream: UpstreamReader.Result, at place: DocumentNode) -> Int {
        definition.upstreams.append(upstream.settings)
        shownURLs.append(upstream.shown)
        upstreamPlaces.append(place)
        return definition.upstreams.count - 1
    }

    mutating func append(_ route: RouteSettings, shownMatch: [String], at place: DocumentNode) {
        shownMatches.append(shownMatch)
        definition.routes.append(route)
        lines.servedBy[route.name] = place.line(of: "served_by")
        lines.hold[route.name] = place.line(of: "hold")
        routePlaces.append(place)
    }

    mutating func append(_ unlisted: UnlistedEndpointSettings, at place: DocumentNode) {
        definition.unlisted.append(unlisted)
        unlistedPlaces.append(place)
    }
}
