import Foundation
import HTTPTypes
import ShuntCore

extension AdminAPI {
    /// The page may load its own files and ask this listener; it may do nothing else and be framed by nobody.
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
        frame-ancestors 'none'; base-uri 'none'; form-action 'none'
        """

    /// The dashboard's page and its files, for `extra`. They hold nothing of the proxy's, so they need no token: the page
    /// asks for one when the API does.
    package static let dashboard: [AdminOperation] =
        PageFile.all.map { file in
            let path = file.name == "index.html" ? "/" : AdminPath.dashboard + "/" + file.name
            return AdminOperation(
                "dashboard/" + file.name, .get, .fixed(path), access: .open, "A file of the dashboard.", answer: nil
            ) { call throws(Problem) in page(file, known: call.knownTags) }
        } + [
            AdminOperation(
                "dashboard", .get, .fixed(AdminPath.dashboard), access: .open, "Leads to the dashboard.", answer: nil
            ) { _ throws(Problem) in
                Answer(status: 308, type: "text/plain", fields: [.location: "./"], body: .bytes(Data()))
            }
        ]

    private static func page(_ file: PageFile, known: String) -> Answer {
        let isKnown = known.split(separator: ",").contains { tag in
            // A proxy that compresses may have made the tag a weak one.
            let tag = tag.filter { $0 != " " }
            return tag == "*" || tag == file.tag || tag == "W/" + file.tag
        }
        return Answer(
            status: isKnown ? 304 : 200, type: file.type,
            fields: [.eTag: file.tag, .cacheControl: "no-cache", .contentSecurityPolicy: policy],
            body: .bytes(isKnown ? Data() : file.bytes))
    }
}
