"""Known vulnerabilities, licences and a bill of materials of the installed environment.

    python scripts/supply_chain.py [OUT]      (needs: pip install 'emofuse[security]')

Writes `OUT/licences.json` and `OUT/sbom.json` (CycloneDX); OUT is `dist` by default. The audit
says *skipped* where the source of advisories cannot be reached: not having looked is not passing.
Ends with 1 when a vulnerability is known or a step failed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

AUDIT_SECONDS = 600


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        timeout=AUDIT_SECONDS,
    )


def audit() -> bool:
    """True unless a vulnerability is known or a package could not be judged (as `--strict` does).

    Not `pip-audit --strict` itself: it stops at the first package that is not judged, and does not
    tell a source that knows nothing from a package that the source does not know. Local builds
    (a version with a "+") are on no index; they are named, and not held against the environment.
    """
    try:
        # The project itself is installed from its folder and known to no index.
        found = run("pip_audit", "--skip-editable", "--progress-spinner", "off", "--format", "json")
        packages = json.loads(found.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        print("audit: skipped (the source of advisories does not answer)")
        return True
    judged = [package for package in packages if "skip_reason" not in package]
    if not judged:
        print("audit: skipped (the source of advisories cannot be reached or knows no package)")
        return True
    reasons = [p["skip_reason"] for p in packages if "skip_reason" in p]
    local = [reason for reason in reasons if "+" in reason]
    unknown = [reason for reason in reasons if "+" not in reason]
    known = [f"{p['name']} {p['version']}: {v['id']}" for p in judged for v in p["vulns"]]
    print(f"audit: {'FAILED' if known or unknown else 'passed'}, {len(judged)} packages judged")
    for line in (*known, *unknown, *(f"not judged, a local build: {text}" for text in local)):
        print(f"  {line}")
    return not known and not unknown


def licences(target: Path) -> bool:
    """List every package's licence; says how many there are of each."""
    found = run("piplicenses", "--from=mixed", "--format=json", "--with-urls")
    if found.returncode:
        print(f"licences: FAILED\n{found.stderr.strip()}")
        return False
    target.write_text(found.stdout, encoding="utf-8")
    rows = json.loads(found.stdout)
    counts = Counter(" ".join(row["License"].split())[:60] for row in rows)
    print(f"licences: {len(rows)} packages, listed in {target}")
    for name, count in counts.most_common():
        print(f"  {count:4d}  {name}")
    return True


def bill_of_materials(target: Path) -> bool:
    found = run("cyclonedx_py", "environment", "--of", "JSON", "-o", str(target), sys.executable)
    if found.returncode:
        print(f"SBOM: FAILED\n{found.stderr.strip()}")
        return False
    count = len(json.loads(target.read_text(encoding="utf-8"))["components"])
    print(f"SBOM: {count} components in {target}")
    return True


def main(out: Path) -> int:
    out.mkdir(parents=True, exist_ok=True)
    steps = [audit(), licences(out / "licences.json"), bill_of_materials(out / "sbom.json")]
    return 0 if all(steps) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("dist")))
