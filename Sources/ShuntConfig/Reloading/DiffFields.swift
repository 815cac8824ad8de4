import ShuntCore

// Every setting that a reload compares, by the name that it has in the file. What a running proxy reads only when it
// starts needs a restart: addresses, tokens, what is shared by all workers.

extension ListenSettings {
    static var fields: [Field<Self>] {
        [
            Field("clients", \.clients), Field("workers", \.workers), Field("reuse_port", \.reusePort),
            Field("origins", \.origins), Field("trusted_proxies", \.trustedProxies),
        ]
    }
}

extension UsageSettings {
    static var fields: [Field<Self>] {
        [Field("enabled", \.isOn), Field("max_clients", \.maxClients)]
    }

    /// Those that stand in `deprecation`.
    static var deprecationFields: [Field<Self>] { [Field("quiet_period", \.quietPeriod)] }

    /// Those that stand in `store`.
    static var storeFields: [Field<Self>] { [Field("flush", \.flush), Field("keep", \.keepDays)] }
}

extension SessionSettings {
    static var liveFields: [Field<Self>] {
        [
            Field("token", \.token), Field("absent", \.absent), Field("anonymous", \.anonymousAllowed),
            Field("validate", \.validation), Field("expiry", \.expiry), Field("refresh", \.refresh),
            Field("parked_replies.count", \.parkedCount), Field("parked_replies.bytes", \.parkedBytes),
        ]
    }

    /// They decide how long the directory of all workers remembers a session.
    static var restartFields: [Field<Self>] {
        [Field("linger", \.linger), Field("parked_replies.for", \.parkedFor)]
    }
}

extension Limits {
    static var liveFields: [Field<Self>] {
        [
            Field("message", \.message), Field("nesting", \.nesting),
            Field("connections_per_session", \.connectionsPerSession),
            Field("messages_per_second", \.messagesPerSecond), Field("handshake_timeout", \.handshakeTimeout),
            Field("handshakes.bytes", \.handshakeBytes), Field("client_ping", \.clientPing),
            Field("idle_timeout", \.idleTimeout),
            Field("unread_by_client", \.unreadByClient),
        ]
    }

    /// Counted for the whole process.
    static var restartFields: [Field<Self>] {
        [
            Field("connections", \.connections), Field("connections_per_address", \.connectionsPerAddress),
            Field("memory", \.memory),
        ]
    }
}

extension ClientNaming {
    static var fields: [Field<Self>] { [Field("app", \.app), Field("version", \.version)] }
}

extension DeprecationSettings {
    static var fields: [Field<Self>] {
        [
            Field("deprecated_at", \.deprecatedAt), Field("sunset", \.sunset), Field("link", \.link),
            Field("successor", \.successor), Field("notice", \.notice), Field("brownouts", \.brownouts),
        ]
    }
}

extension AddressingSettings {
    static var fields: [Field<Self>] {
        [
            Field("path and aliases", \.paths), Field("protocols", \.protocols), Field("route_by", \.routeBy),
            Field("conversation.field", \.conversationField),
            Field("conversation.reply_field", \.conversationInReplies),
            Field("conversation.template", \.conversationTemplate), Field("default_route", \.defaultRoute),
            Field("heartbeat", \.heartbeat), Field("absorb", \.absorb), Field("one_way", \.oneWay),
            Field("echo", \.echo), Field("compression", \.compression),
        ]
    }
}

extension UpstreamSettings {
    /// But for the address and the pool's mode, which have sentences of their own.
    static var fields: [Field<Self>] {
        [
            Field("identity", \.identity), Field("pool.lanes", \.lanes),
            Field("pool.max_connections", \.maxConnections),
            Field("pool.idle_timeout", \.idleTimeout), Field("pool.lifetime", \.lifetime),
            Field("pool.connect_timeout", \.connectTimeout),
            Field("pool.handshake_timeout", \.handshakeTimeout), Field("vary", \.vary),
            Field("pass_identity", \.passIdentity),
            Field("source_addresses", \.sourceAddresses), Field("pace", \.pace), Field("correlation", \.correlation),
            Field("correlation.reply_field", \.correlationInReplies),
            Field("exchange.in_flight", \.inFlight), Field("exchange.timeout", \.exchangeTimeout),
            Field("exchange.total", \.exchangeTotal),
            Field("exchange.retry", \.retrySafe), Field("exchange.queue", \.queue), Field("replies", \.replies),
            Field("pushes", \.pushes), Field("pushes_to", \.pushTarget), Field("closes", \.closes),
            Field("refusals", \.refusals), Field("compression", \.compression), Field("dial", \.dial),
            Field("dial for legacy endpoints", \.dialForLegacy),
            Field("on_open", \.onOpen), Field("ready", \.ready),
            Field("dead_after_error", \.deadAfterError), Field("keepalive.every", \.keepalive.every),
            Field("keepalive.timeout", \.keepalive.timeout), Field("breaker.failures", \.breakerFailures),
            Field("breaker.open", \.breakerOpen), Field("to_unified", \.toUnified), Field("request", \.request),
        ]
    }
}

extension RouteSettings {
    /// But for those that have sentences of their own.
    static var fields: [Field<Self>] {
        [
            Field("pin", \.pin), Field("pin_idle", \.pinIdle), Field("fallback", \.fallsBack),
            Field("overrides", \.overrides), Field("unified", \.unified),
        ]
    }
}

extension EndpointSettings {
    /// But for the path.
    static var fields: [Field<Self>] {
        [
            Field("legacy.aliases", \.aliases), Field("legacy.passthrough", \.passthrough),
            Field("legacy.heartbeat", \.heartbeat), Field("legacy.compression", \.compression),
            Field("legacy.to_legacy", \.toLegacy),
            Field("greet", \.greet),
        ]
    }
}

extension UnlistedEndpointSettings {
    static var fields: [Field<Self>] {
        [
            Field("path", \.path), Field("aliases", \.aliases), Field("passthrough", \.passthrough),
            Field("heartbeat", \.heartbeat), Field("compression", \.compression),
        ]
    }
}
