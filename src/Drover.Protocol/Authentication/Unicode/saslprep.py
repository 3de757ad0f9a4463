# Writes saslprep.txt, the tables of SaslPrepTables.cs: python3 saslprep.py > saslprep.txt
# The classes come from RFC 3454 as Python's stringprep module has them. PostgreSQL refuses what Unicode 3.2 does not
# know, so only those characters need a normal form; that form is taken from the current tables, which correct five.
import stringprep
import unicodedata

ALL = [c for c in range(0x110000)]
OLD = [c for c in ALL if not 0xD800 <= c <= 0xDFFF and unicodedata.ucd_3_2_0.category(chr(c)) != "Cn"]


def ranges(letter, wanted):
    start = None
    for c in range(0x110001):
        inside = c < 0x110000 and wanted(chr(c))
        if inside and start is None:
            start = c
        elif not inside and start is not None:
            print(f"{letter} {start:X} {c - 1:X}")
            start = None


def prohibited(c):
    return (
        stringprep.in_table_a1(c)
        or stringprep.in_table_c12(c)
        or stringprep.in_table_c21_c22(c)
        or stringprep.in_table_c3(c)
        or stringprep.in_table_c4(c)
        or stringprep.in_table_c5(c)
        or stringprep.in_table_c6(c)
        or stringprep.in_table_c7(c)
        or stringprep.in_table_c8(c)
        or stringprep.in_table_c9(c)
    )


def text(s):
    return " ".join(f"{ord(c):X}" for c in s)


ranges("s", stringprep.in_table_c12)
ranges("n", stringprep.in_table_b1)
ranges("x", prohibited)
ranges("r", stringprep.in_table_d1)
ranges("l", stringprep.in_table_d2)
for c in OLD:
    combining = unicodedata.combining(chr(c))
    if combining:
        print(f"c {c:X} {combining:X}")
for c in OLD:
    full = unicodedata.normalize("NFKD", chr(c))
    if full != chr(c) and not 0xAC00 <= c <= 0xD7A3:
        print(f"d {c:X} {text(full)}")
for c in OLD:
    parts = unicodedata.decomposition(chr(c)).split()
    if len(parts) == 2 and not parts[0].startswith("<") and unicodedata.normalize("NFC", chr(c)) == chr(c):
        print(f"p {int(parts[0], 16):X} {int(parts[1], 16):X} {c:X}")
