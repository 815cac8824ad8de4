import Foundation

/// Files of keys and secrets.
enum KeyFile {
    /// - Throws: `KeyPlaceProblem` where it cannot be read, or is longer than any set of keys.
    static func read(_ path: String) throws -> [UInt8] {
        do {
            // Whatever else has a name, such as a pipe, may keep who reads it waiting.
            let type = try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
            guard type == .typeRegular || type == .typeSymbolicLink else { throw KeyPlaceProblem("it is no file") }
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            let data = try file.read(upToCount: KeyReading.longest + 1) ?? Data()
            return [UInt8](data)
        } catch let problem as KeyPlaceProblem {
            throw problem
        } catch let error as CocoaError {
            throw KeyPlaceProblem(error.code == .fileReadNoSuchFile ? "there is no such file" : "it cannot be read")
        } catch {
            throw KeyPlaceProblem("it cannot be read")
        }
    }
}
