/// A value that nobody may read in a log, an error or a debugger's dump, whatever other value holds it: its text is its
/// type's name.
protocol Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {}

extension Secret {
    package var description: String { "(\(Self.self))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
