/// `sent` says whether a backend saw the message.
struct HonestSent: Promise {
    mutating func judge(_ deed: Deed, in world: World) {
        guard case .error(let error) = deed, !error.isOfPassed, !error.about.isEmpty else { return }
        if !error.about.contains(where: { error.sent == (world.messages[$0].forwards > 0) }) {
            let seen = error.about.map { "m\($0), forwarded \(world.messages[$0].forwards) times" }
            world.fail(.honestSent, "\(error.code) says sent: \(error.sent) of \(seen)")
        }
    }
}
