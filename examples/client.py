"""Send a recording to a running `emofuse serve` and print what it expresses.

python examples/client.py clip.mp4 [http://127.0.0.1:8765]
"""

from __future__ import annotations

import os
import sys
import time

import httpx

TOKEN = os.environ.get("EMOFUSE_TOKEN", "")


def analyse(path: str, server: str) -> str:
    """The timeline of a recording as CSV text."""
    headers = {"Authorization": f"Bearer {TOKEN}"} if TOKEN else {}
    with (
        httpx.Client(base_url=server, timeout=60, headers=headers) as client,
        open(path, "rb") as f,
    ):
        job = client.post("/v1/analyses", files={"file": f}).raise_for_status().json()
        while job["state"] in ("queued", "running"):
            time.sleep(0.5)
            job = client.get(f"/v1/analyses/{job['id']}").raise_for_status().json()
        if job["state"] != "done":
            raise SystemExit(f"{path}: {job['error'] or job['state']}")
        return client.get(job["results"]["csv"]).raise_for_status().text


if __name__ == "__main__":
    print(analyse(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8765"))
