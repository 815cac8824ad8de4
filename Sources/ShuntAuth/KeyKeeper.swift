import ShuntCore

/// Whatever of keys somebody should hear of. No text shows a key.
package enum KeyNotice: Sendable, Equatable {
    /// A place's keys are in force.
    case loaded(place: String, keys: Int, problems: [String])
    /// A place could not be read; its keys of before stay, so many.
    case failed(place: String, problem: String, kept: Int)
}

/// Keeps the keys of a configuration fresh: files are read when they are asked for, sets behind URLs every now and then,
/// and early where a token names a key that nobody knows.
actor KeyKeeper {
    typealias Fetch = @Sendable (_ url: String) async throws -> [UInt8]
    typealias ReadFile = @Sendable (_ path: String) throws -> [UInt8]

    /// The clock that it goes by.
    struct Timing: Sendable {
        var now: @Sendable () -> ContinuousClock.Instant
        var sleep: @Sendable (Duration) async throws -> Void

        static let system = Timing(
            now: { ContinuousClock().now }, sleep: { try await ContinuousClock().sleep(for: $0) })
    }

    /// The least time between two fetches that unknown keys cause.
    static let leastPause = Duration.seconds(10)
    /// How long a place that failed is left alone, at first and at most.
    private static let firstRetry = Duration.seconds(1)

    private let settings: JWTSettings
    private let validator: TokenValidator
    private let readFile: ReadFile
    private let fetch: Fetch
    private let notice: @Sendable (KeyNotice) -> Void
    private let timing: Timing
    /// What each place holds, in the order of the settings; nil where it could never be read.
    private var places: [[VerificationKey]?]
    /// Fetches under way.
    private var fetching: [Int: Task<Void, Never>] = [:]
    /// When one was asked for because of a key that nobody knew.
    private var asked: [Int: ContinuousClock.Instant] = [:]

    init(
        _ settings: JWTSettings, for validator: TokenValidator, readFile: @escaping ReadFile, fetch: @escaping Fetch,
        timing: Timing = .system,
        notice: @escaping @Sendable (KeyNotice) -> Void
    ) {
        self.settings = settings
        self.validator = validator
        self.readFile = readFile
        self.fetch = fetch
        self.timing = timing
        self.notice = notice
        places = settings.keys.map { _ in nil }
    }

    /// Loads everything once; returns when it was tried.
    ///
    /// - Parameter old: what was in force before: of places that both have, its keys stay where one cannot be read.
    func load(over old: KeyKeeper? = nil) async {
        if let old { inherit(await old.held) }
        await readFiles()
        await withTaskGroup { group in
            for (index, source) in settings.keys.enumerated() {
                if case .url = source { group.addTask { await self.refetch(index) } }
            }
        }
    }

    /// The keys of each place.
    private var held: (settings: JWTSettings, places: [[VerificationKey]?]) { (settings, places) }

    private func inherit(_ held: (settings: JWTSettings, places: [[VerificationKey]?])) {
        guard held.settings.algorithms == settings.algorithms else { return }
        for (source, keys) in zip(held.settings.keys, held.places) {
            guard let place = settings.keys.firstIndex(where: { $0.isPlace(of: source) }), let keys else { continue }
            places[place] = keys
        }
        validator.adopt(KeyTable(places.flatMap { $0 ?? [] }))
    }

    /// Reads files anew: they may have been replaced.
    func readFiles() async {
        for (index, source) in settings.keys.enumerated() {
            switch source {
            case .url: break
            case .file(let path):
                await take(index, place: path) {
                    try await KeyReading(file: try self.readFile(path), allowed: self.settings.algorithms)
                }
            case .secret(let secret):
                await take(index, place: "secret") { try await self.reading(of: secret.bytes) }
            case .secretFile(let path):
                await take(index, place: path) {
                    var bytes = try self.readFile(path)
                    while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
                    return try await self.reading(of: bytes)
                }
            }
        }
    }

    /// Fetches sets of keys when they are due, for ever.
    func run() async {
        await withTaskGroup { group in
            for (index, source) in settings.keys.enumerated() {
                guard case .url(_, let refresh) = source else { continue }
                group.addTask { await self.keepFresh(index, every: .nanoseconds(refresh.nanoseconds)) }
            }
        }
    }

    private func keepFresh(_ index: Int, every refresh: Duration) async {
        var retry = Self.firstRetry
        while !Task.isCancelled {
            let isThere = places[index] != nil && !failed.contains(index)
            // Many processes that began together do not ask together.
            let pause = isThere ? refresh * Double.random(in: 0.9...1.1) : min(retry, refresh)
            retry = isThere ? Self.firstRetry : min(retry * 2, .seconds(60))
            try? await timing.sleep(pause)
            if Task.isCancelled { return }
            await refetch(index)
        }
    }

    private var failed: Set<Int> = []

    /// What is known of a key that is in no set.
    enum Outlook: Sendable, Equatable {
        /// There may be other keys than before.
        case newer
        /// There is no such key.
        case none
        /// Nobody can tell: a place of keys cannot be read.
        case unknown
    }

    /// A token names a key that nobody knows: asks for newer sets, unless that was done just now.
    func lookForUnknownKey() async -> Outlook {
        var isAsked = false
        for (index, source) in settings.keys.enumerated() {
            guard case .url = source else { continue }
            if fetching[index] == nil {
                if let last = asked[index], timing.now() - last < Self.leastPause { continue }
                asked[index] = timing.now()
            }
            isAsked = true
            await refetch(index)
        }
        return isAsked ? .newer : outlook
    }

    /// Whether all places were read when that was tried last.
    var outlook: Outlook { failed.isEmpty ? .none : .unknown }

    /// Fetches a set; whoever comes meanwhile waits for the same one.
    private func refetch(_ index: Int) async {
        if let task = fetching[index] { return await task.value }
        guard case .url(let url, _) = settings.keys[index] else { return }
        let task = Task {
            await self.take(index, place: Self.shown(url)) {
                try await KeyReading(jwks: try await self.fetch(url), allowed: self.settings.algorithms)
            }
            self.fetching[index] = nil
        }
        fetching[index] = task
        await task.value
    }

    /// Without its query, which may be a secret.
    private static func shown(_ url: String) -> String { String(url.prefix { $0 != "?" }) }

    private func reading(of secret: [UInt8]) async throws -> KeyReading {
        var reading = KeyReading()
        let fitting = settings.algorithms.filter { $0.leastSecret > 0 && secret.count >= $0.leastSecret }
        guard !fitting.isEmpty else {
            throw KeyPlaceProblem("the secret is too short for the algorithms that are allowed (RFC 7518 §3.2)")
        }
        reading.keys = try await KeyMaterial.secret(secret).bound(to: fitting, id: nil)
        return reading
    }

    /// Puts what a place holds into force; one that cannot be read keeps what it had.
    private func take(_ index: Int, place: String, _ read: () async throws -> KeyReading) async {
        do {
            let reading = try await read()
            if reading.keys.isEmpty {
                throw KeyPlaceProblem("there is no key of use in it" + (reading.problems.first.map { "; \($0)" } ?? ""))
            }
            let isNews = places[index]?.map(\.name) != reading.keys.map(\.name) || failed.contains(index)
            places[index] = reading.keys
            failed.remove(index)
            // The same again is nothing to tell, and no reason to look at tokens anew.
            guard isNews else { return }
            validator.adopt(KeyTable(places.flatMap { $0 ?? [] }))
            notice(.loaded(place: place, keys: reading.keys.count, problems: reading.problems))
        } catch {
            failed.insert(index)
            notice(.failed(place: place, problem: "\(error)", kept: places[index]?.count ?? 0))
        }
    }
}

extension JWTKeySource {
    /// Whether both name one place, however often it is looked at.
    fileprivate func isPlace(of other: JWTKeySource) -> Bool {
        if case .url(let url, _) = self, case .url(let otherURL, _) = other { return url == otherURL }
        return self == other
    }
}
