package import Logging
package import ShuntCore

extension InForce {
    /// The file with the overrides that are kept. One that the file makes impossible is left out, and said; a store that
    /// cannot be read counts as empty.
    package static func restored(
        _ settings: ProxySettings, from store: any OverrideStore, log: EventLog, logger: Logger
    ) async -> InForce {
        var inForce = InForce(settings: settings)
        let kept = (try? await store.overrides()) ?? []
        for override in kept {
            var next = inForce
            next.overrides[override.subject] = override
            do throws(ControlProblem) {
                _ = try next.table()
                inForce = next
                logger.notice(
                    "override in force",
                    metadata: [
                        "subject": "\(override.subject.text)", "value": "\(override.value)", "by": "\(override.by)",
                    ])
            } catch {
                log.add("override_impossible", level: "error", "\(override.subject.text): \(override.value): \(error)")
                logger.error(
                    "an override is left out: the file makes it impossible",
                    metadata: ["subject": "\(override.subject.text)", "value": "\(override.value)"])
            }
        }
        return inForce
    }
}
