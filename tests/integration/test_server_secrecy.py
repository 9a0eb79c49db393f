"""What our programs do with their memory, seen from inside and after a crash."""

import subprocess
import sys
from pathlib import Path

import pytest

SEEN = """
import ctypes, os, resource, signal, sys
from pathlib import Path

hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
{program}
dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
Path("seen").write_text(f"{{resource.getrlimit(resource.RLIMIT_CORE)}} {{dumpable}}")
os.kill(os.getpid(), signal.SIGABRT)
"""
PROGRAMS = {
    "server": """
from pki.secrecy import keep_files_private, keep_memory_private
keep_files_private()
assert keep_memory_private()
""",
    "every command, the desk's among them": """
from server.cli import main
sys.argv = ["zorgid", "card", "--help"]
try:
    main()
except SystemExit as done:
    assert not done.code
""",
    "the module of a card's middleware": """
from card_writer.pkcs11.child import main
assert main("/no/module.so") == 1
""",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_crash_leaves_no_core(tmp_path: Path, program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SEEN.format(program=PROGRAMS[program])],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        timeout=60,
    )
    seen = tmp_path / "seen"
    assert seen.exists(), done.stderr
    assert seen.read_text() == "(0, 0) 0"
    assert done.returncode < 0
    assert list(tmp_path.iterdir()) == [seen]
    assert program != "server" or seen.stat().st_mode & 0o777 == 0o600
