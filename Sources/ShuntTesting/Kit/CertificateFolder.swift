import Glibc
package import ShuntCore

/// A folder with certificates that the `openssl` command has made. It goes with the value.
package final class CertificateFolder: Sendable {
    /// Why there is none: the command is missing, or it failed.
    package struct Failure: Error {}

    package let path: String

    /// Makes two authorities, `authority` and `stranger`, and certificates of the first: `server` and `spare` for `localhost`
    /// and 127.0.0.1, `elsewhere` for another host, `expired`, `soon` for five days, `client`; and `wrongclient` of the other.
    package init() throws {
        var template = Array("/tmp/shunt-certificates-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure() }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try run(Self.script)
    }

    deinit { _ = system("rm -rf '\(path)'") }

    private static let script = """
        authority authority
        authority stranger
        leaf server authority DNS:localhost,IP:127.0.0.1 3650
        leaf spare authority DNS:localhost,IP:127.0.0.1 3650
        leaf elsewhere authority DNS:elsewhere.example 3650
        leaf expired authority DNS:localhost,IP:127.0.0.1 -1
        leaf soon authority DNS:localhost,IP:127.0.0.1 5
        leaf client authority DNS:client 3650
        leaf wrongclient stranger DNS:client 3650
        """

    /// What scripts may call.
    private static let functions = """
        authority() {
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.pem -days 3650 \\
                -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE
        }
        leaf() {
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj "/CN=$1"
            printf 'subjectAltName=%s\\n' "$3" >$1.ext
            openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days $4 -extfile $1.ext -out $1.pem
        }

        """

    /// Runs a script of the shell in the folder, which may make more: `authority NAME`, `leaf NAME AUTHORITY NAMES DAYS`.
    package func run(_ script: String) throws {
        let script = Self.functions + script
        guard system("cd '\(path)' && { set -e\n\(script)\n} >/dev/null 2>&1 </dev/null") == 0 else { throw Failure() }
    }

    package func file(_ name: String) -> String { path + "/" + name }

    package func files(_ name: String) -> TLSCertificateFiles {
        TLSCertificateFiles(chain: file(name + ".pem"), key: file(name + ".key"))
    }
}
