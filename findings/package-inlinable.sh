#!/usr/bin/env bash
# Swift 6.3.1 (Linux, x86-64), no packages.
#
# SE-0386 lets a `package` declaration be `@inlinable`, and the compiler takes it without a word. Another module of the same
# package still calls it in the module that declares it: not even `@inline(__always)` inlines it, and a generic one is called
# unspecialised, with its types looked up at run time. With `public` in place of `package` the same code is inlined and
# specialised. (A container that the hot path of one module took from another cost 15,000 instructions a message by that.)
#
# Seen (access and optimizer of the declaring module -> whether the other module calls into it):
#   package -O -> calls
#   package -O, cross-module optimization by default -> calls
#   public -O -> does not call
#
# Exits 1 where that has changed, 77 where there is another Swift. It needs no network, and some seconds.
set -euo pipefail
swiftc --version 2>/dev/null | grep -q "Swift version 6.3.1 " || { echo "this is about Swift 6.3.1"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >main.swift <<'EOF'
import Shelf

final class Owner {
    var shelf = Shelf<String>()

    @inline(never)
    func has(_ place: Int) -> Bool { shelf.has(place) }
}

print(Owner().has(2))
EOF

failed=0
try() { # access, what is expected, flags of the declaring module
    local access=$1 expected=$2
    shift 2
    cat >Shelf.swift <<EOF
$access struct Shelf<Thing> {
    @usableFromInline var things: [Thing] = []

    @inlinable
    $access init() {}

    @inlinable
    @inline(__always)
    $access func has(_ place: Int) -> Bool { place < things.count }
}
EOF
    swiftc -O -wmo -parse-as-library -package-name one -module-name Shelf -emit-module -emit-object "$@" Shelf.swift \
        -o Shelf.o
    swiftc -O -wmo -package-name one -I . -emit-object main.swift -o main.o
    local seen="does not call"
    nm main.o | grep -q ' U .*5Shelf.*3has' && seen="calls"
    echo "$access -O $* -> $seen"
    [ "$seen" = "$expected" ] || failed=1
}

try package "calls"
try package "calls" -enable-default-cmo
try public "does not call"
exit $failed
