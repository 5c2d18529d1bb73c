"""Writes demo/boston/boston311_2015.csv.gz: the published case file without e-mail addresses, phone numbers and plates.

Usage: clean_cases.py ORIGINAL.csv.gz
"""
import csv
import gzip
import io
import pathlib
import re
import sys

TARGET = pathlib.Path(__file__).resolve().parent.parent / "boston" / "boston311_2015.csv.gz"
AREA = r"(?:617|857|781|339|508|774|978|351|413|401|603|212|646|202|800|866|877|888)"
PATTERNS = [
    (re.compile(r"[\w.+-]+@[A-Za-z][\w.-]+"), "[e-mail]"),
    (re.compile(rf"(?<!\d)(?:\+?1[-. ]?)?\(?{AREA}\)?[-. /]*[2-9]\d{{2}}[-. ]*\d{{4}}(?!\d)"), "[phone]"),
    (re.compile(r"(?<!\d)\(?[2-9]\d{2}\)?[-. /]{1,2}[2-9]\d{2}[-. ]\d{4}(?!\d)"), "[phone]"),
    (re.compile(r"(?<![\d-])[2-9]\d{2}-\d{4}(?![\d-])"), "[phone]"),
    (re.compile(r"(?i)\b(?:plates?|reg(?:istration)?|license|lic|vin)\b[ .:#]*(?:is |no\.? ?|ma |mass )*(?=[a-z0-9]*\d)[a-z0-9]{4,17}\b"), "[plate]"),
]
TEXT = ("title", "closure_reason")


def clean(text):
    for pattern, mark in PATTERNS:
        text = pattern.sub(mark, text)
    return text


def main():
    with gzip.open(sys.argv[1], "rt", encoding="utf-8", newline="") as source:
        reader = csv.DictReader(source)
        rows = list(reader)
    changed = 0
    out = io.StringIO()
    writer = csv.DictWriter(out, reader.fieldnames, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        before = [row[name] for name in TEXT]
        for name in TEXT:
            row[name] = clean(row[name])
        changed += before != [row[name] for name in TEXT]
        writer.writerow(row)
    with open(TARGET, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as target:
        target.write(out.getvalue().encode())
    print(f"{len(rows)} rows, {changed} with something removed")


main()
