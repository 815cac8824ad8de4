#!/usr/bin/env bash
# Swift 6.3.1 (Linux, x86-64), no packages.
#
# -enforce-exclusivity=unchecked is documented as leaving out checks at run time. It also decides what compiles: a method
# of a class that lends the span of one of its stored arrays to another method is taken with the checks, and refused
# without them, at -Onone as at -O. Who builds for release with the flag and tests without it finds out at the release.
# Taking the array into a local variable first (and putting it back) compiles both ways.
#
# Seen (flags -> the compiler's answer):
#   -Onone -> takes it
#   -O -> takes it
#   -Onone -enforce-exclusivity=unchecked -> lifetime-dependent value escapes its scope
#   -O -enforce-exclusivity=unchecked -> lifetime-dependent value escapes its scope
#
# Exits 1 where that has changed, 77 where there is another Swift. It needs no network, and some seconds.
set -euo pipefail
swiftc --version 2>/dev/null | grep -q "Swift version 6.3.1 " || { echo "this is about Swift 6.3.1"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >main.swift <<'EOF'
final class Reader {
    var scratch: [UInt8] = [1, 2, 3]
    var heard = 0

    func hear(_ bytes: Span<UInt8>) { heard += bytes.count }

    func fill(_ room: inout [UInt8]) -> Int? {
        guard heard < 3 else { return nil }
        room.append(4)
        return room.count
    }

    func read() {
        while let count = fill(&scratch) {
            hear(scratch.span.extracting(0..<min(count, 1)))
        }
    }
}

let reader = Reader()
reader.read()
print("heard \(reader.heard)")
EOF

answer() {
    local said
    if said=$(swiftc -swift-version 6 "$@" main.swift -o program 2>&1); then
        [ "$(./program)" = "heard 3" ] && echo "takes it" || echo "the program says something else"
    else
        grep -o -m 1 "error: .*" <<<"$said" | sed 's/^error: //'
    fi
}

{
    for level in -Onone -O; do
        echo "$level -> $(answer "$level")"
    done
    for level in -Onone -O; do
        echo "$level -enforce-exclusivity=unchecked -> $(answer "$level" -enforce-exclusivity=unchecked)"
    done
} | tee seen

cat >wanted <<'EOF'
-Onone -> takes it
-O -> takes it
-Onone -enforce-exclusivity=unchecked -> lifetime-dependent value escapes its scope
-O -enforce-exclusivity=unchecked -> lifetime-dependent value escapes its scope
EOF
if cmp -s wanted seen; then echo "as described"; else echo "this has changed" >&2; exit 1; fi
