"""What a server process does with its memory, seen from outside and after a crash."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, resource, signal, sys
from pathlib import Path
from pki.keys.secrecy import keep_memory_private
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
keep_memory_private()
print(resource.getrlimit(resource.RLIMIT_CORE), flush=True)
import ctypes
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)
Path(sys.argv[1]).touch(mode=0o666)
os.kill(os.getpid(), signal.SIGABRT)
"""


def test_a_crash_leaves_no_core_and_new_files_are_for_their_owner(tmp_path: Path) -> None:
    made = tmp_path / "file"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(made)],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout.split("\n")[:2] == ["(0, 0)", "0"], done.stderr
    assert done.returncode < 0
    assert made.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [made]
