/// `sent` says whether a backend saw the message.
struct HonestSent: Promise {
    mutating func judge(_ deed: Deed, in world: World) {
        guard case .error(let error) = deed, !error.isOfPassed, !error.about.isEmpty else { return }
        let isHonest = error.about.contains { number in
            world.messages[number].mayBeTimedOut || error.sent == (world.messages[number].forwards > 0)
        }
        if !isHonest {
            let seen = error.about.map { "m\($0), forwarded \(world.messages[$0].forwards) times" }
            world.fail(.honestSent, "\(error.code) says sent: \(error.sent) of \(seen)")
        }
    }
}
