/// Who talks through the proxy in the demo. Change a line, and another client plays.
///
/// Two sockets of one client are one session. After less than a minute a client goes, and comes back as a new one. A client's rhythm is how long it waits, at least and at most, before it
/// says something more. The unified agent of the demo admits 100 messages a minute for a session.
enum Cast {
    static let all: [Role] = [
        // The old web app: a socket for each agent. Most of its users will update when the old endpoints close.
        Role("anna", .web("acme-web", "1.8.2"), on: .legacy("guide"), every: 1.2...2.4, ifClosed: .updates("3.0.1")),
        Role(
            "boris", .web("acme-web", "1.8.4"), on: .legacy("guide", "liaison/content"), every: 1.8...3,
            ifClosed: .updates("3.0.1")),
        Role(
            "carla", .web("acme-web", "2.1.0"), on: .legacy("liaison/insights", "liaison/operations"), every: 1.5...3,
            ifClosed: .updates("3.0.2")),
        Role(
            "dinesh", .web("acme-web", "2.1.3"), on: .legacy("liaison/content"), every: 1.4...2.8,
            ifClosed: .updates("3.0.2")),
        // A company that has pinned its version: it will keep trying.
        Role("emil", .web("acme-web", "1.8.4"), on: .legacy("liaison/operations"), every: 2...3, ifClosed: .insists),

        // The mobile app says who it is in header fields.
        Role(
            "fatima", .mobile("acme-ios", "4.6.1"), on: .legacy("liaison/business_outcomes"), every: 1.5...3,
            ifClosed: .updates("5.0.0")),
        Role("goro", .mobile("acme-android", "4.5.0"), on: .legacy("guide"), every: 1.6...2.9, ifClosed: .insists),

        // The new web app: one socket for all agents.
        Role("hana", .web("acme-web", "3.0.0"), on: .unified, every: 1...2),
        Role("ivan", .web("acme-web", "3.0.1"), on: .unified, every: 1.3...2.6),
        Role("qa", .web("qa-web", "3.1.0-rc.1"), on: .unified, every: 2...3),

        // Nobody knows whose it is: no session, no version, only a User-Agent.
        Role("bot", .bot("pillar-watch/0.9"), on: .legacy("guide"), every: 2.5...3, ifClosed: .insists),
    ]
}
