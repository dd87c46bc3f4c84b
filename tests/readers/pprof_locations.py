#!/usr/bin/env python3
"""Reads a profile.proto, gzipped or not, and prints a line a location: ADDRESS FUNCTION MAPPING BUILD_ID HAS_FUNCTIONS START LIMIT OFFSET,
with the function that holds the code."""
import gzip
import sys


def fields(message):
    """(number, value) of each field; a value is a number or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = varint()
        value = varint()
        if tag & 7 == 2:
            value, at = message[at:at + value], at + value
        yield tag >> 3, value


data = open(sys.argv[1], "rb").read()
profile = list(fields(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data))
strings = [value.decode() for number, value in profile if number == 6]
mappings = {m[1]: m for m in (dict(fields(value)) for number, value in profile if number == 3)}
functions = {f[1]: strings[f.get(2, 0)] for f in (dict(fields(value)) for number, value in profile if number == 5)}
for location in (dict(fields(value)) for number, value in profile if number == 4):
    mapping = mappings.get(location.get(2), {})
    print(hex(location.get(3, 0)), functions[dict(fields(location[4]))[1]].replace(" ", "_"), strings[mapping.get(5, 0)] or "-",
          strings[mapping.get(6, 0)] or "-", mapping.get(7, 0), *(hex(mapping.get(i, 0)) for i in (2, 3, 4)))
