#!/usr/bin/env bash
# Swift 6.3.1 (Linux, x86-64), no packages.
#
# An array that was filled with room to spare is copied to be kept: `Array(bytes[...])` reads like a new array of just these
# elements. It is the old one: a slice that begins and ends with its array's elements gives that array's memory away, with all
# its room. One element less, and it is a copy that fits. `Array(bytes)` shares too, as everybody expects of an array;
# `append(contentsOf:)` to an empty one copies. (What was kept of a request held 800 bytes for each client, not 250, by that.)
#
# Seen (how an array with room for 4,096 bytes and 5 bytes in it was copied -> whether the copy has that room too):
#   Array(bytes) -> has it
#   Array(bytes[...]) -> has it
#   Array(bytes[0..<5]) -> has it
#   Array(bytes[0..<4]) -> fits
#   Array(bytes.prefix(5)) -> has it
#   append(contentsOf: bytes) -> fits
#
# Exits 1 where that has changed, 77 where there is another Swift. It needs no network, and some seconds.
set -euo pipefail
swiftc --version 2>/dev/null | grep -q "Swift version 6.3.1 " || { echo "this is about Swift 6.3.1"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >main.swift <<'SWIFT'
var bytes: [UInt8] = []
bytes.reserveCapacity(4096)
bytes += [1, 2, 3, 4, 5]

func look(_ how: String, _ copy: [UInt8]) {
    print("\(how) -> \(copy.capacity >= 4096 ? "has it" : "fits")")
}

look("Array(bytes)", Array(bytes))
look("Array(bytes[...])", Array(bytes[...]))
look("Array(bytes[0..<5])", Array(bytes[0..<5]))
look("Array(bytes[0..<4])", Array(bytes[0..<4]))
look("Array(bytes.prefix(5))", Array(bytes.prefix(5)))
var copy: [UInt8] = []
copy.append(contentsOf: bytes)
look("append(contentsOf: bytes)", copy)
SWIFT

cat >expected <<'SEEN'
Array(bytes) -> has it
Array(bytes[...]) -> has it
Array(bytes[0..<5]) -> has it
Array(bytes[0..<4]) -> fits
Array(bytes.prefix(5)) -> has it
append(contentsOf: bytes) -> fits
SEEN
swiftc -O main.swift -o look
./look | tee seen
if ! cmp -s seen expected; then
    echo "that has changed; it was:" && cat expected
    exit 1
fi
