/// Says whether credentials are good, as the configuration in force has it. Asked from any thread, and never blocks.
package protocol CredentialValidator: Sendable {
    /// What is known at once; nil where somebody has to be asked.
    func known(_ credential: Credential, at wall: UnixTime) -> CredentialVerdict?

    /// Finds out.
    ///
    /// - Parameter answer: called at most once, on any thread.
    func validate(_ credential: Credential, answer: @escaping @Sendable (CredentialVerdict) -> Void)

    /// What is known of credentials like these counts no more: they are looked at again.
    func forget(_ fits: @Sendable (ClientIdentity) -> Bool)
}
