"""Installing Debian's packages never starts a daemon, and leaves no trace of how that was kept."""

import subprocess
from pathlib import Path

import pytest

import bootstrap

FAKE_APT = """#!/bin/sh
echo "apt-get $*" >>"$LOG"
case "$1" in update) exit 0 ;; esac
[ -x "$ROOT/usr/sbin/policy-rc.d" ] && { "$ROOT/usr/sbin/policy-rc.d"; echo "policy $?" >>"$LOG"; }
cat "$ROOT"/etc/postgresql-common/createcluster.d/*.conf >>"$LOG" 2>/dev/null
if [ "$FAIL" = always ]; then exit 100; fi
if [ "$FAIL" = first ] && [ "$(grep -c install "$LOG")" = 1 ]; then exit 100; fi
"""
FAKE_DEBCONF = '#!/bin/sh\nsed "s/^/debconf /" >>"$LOG"\n'
FAKE_UPDATE_RC = '#!/bin/sh\necho "update-rc.d $*" >>"$LOG"\n'


class Machine:
    """A folder that stands for the root of a Debian, with programs that only write down calls."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._log = root / "log"
        self.policy = root / "usr/sbin/policy-rc.d"
        self.policy.parent.mkdir(parents=True)
        (root / "bin").mkdir()
        for name, text in (
            ("apt-get", FAKE_APT),
            ("debconf-set-selections", FAKE_DEBCONF),
            ("update-rc.d", FAKE_UPDATE_RC),
        ):
            program = root / "bin" / name
            program.write_text(text)
            program.chmod(0o755)

    def install(self, *packages: str, fail: str = "never") -> int:
        """Run the script of bootstrap.py on this machine; its exit code."""
        script = bootstrap.APT.replace("/usr/sbin", str(self.policy.parent))
        script = script.replace("/etc/", f"{self._root}/etc/")
        environment = {"ROOT": str(self._root), "LOG": str(self._log), "FAIL": fail}
        environment["PATH"] = f"{self._root}/bin:/usr/bin:/bin"
        command = ["/bin/sh", "-c", script, "apt", *packages]
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode

    def log(self) -> list[str]:
        """What was called, and what it saw."""
        return self._log.read_text().splitlines()

    def left(self) -> set[str]:
        """What lies on the machine beside our programs."""
        files = {path for path in self._root.rglob("*") if path.is_file()}
        return {str(p.relative_to(self._root)) for p in files if p.parent.name != "bin"} - {"log"}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("fail", ["never", "always"])
def test_services_are_denied_during_the_call_only(machine: Machine, fail: str) -> None:
    code = machine.install("slapd", "postgresql", fail=fail)
    assert (code == 0) is (fail == "never")
    assert "policy 101" in machine.log()
    assert "create_main_cluster = false" in machine.log()
    assert "debconf slapd slapd/no_configuration boolean true" in machine.log()
    assert machine.left() == set()


def test_slapd_is_not_started_at_the_next_boot_either(machine: Machine) -> None:
    machine.install("slapd")
    assert machine.log()[-1] == "update-rc.d slapd disable"


def test_a_policy_that_is_there_stays(machine: Machine) -> None:
    machine.policy.write_text("#!/bin/sh\nexit 104\n")
    machine.policy.chmod(0o755)
    machine.install("slapd")
    assert "policy 104" in machine.log()
    assert machine.policy.read_text() == "#!/bin/sh\nexit 104\n"


def test_a_policy_that_an_ended_run_left_is_removed(machine: Machine) -> None:
    mark = bootstrap.APT.partition("mark='")[2].partition("'")[0]
    machine.policy.write_text(f"#!/bin/sh\n# {mark}\nexit 101\n")
    machine.install("curl")
    assert machine.left() == set()


def test_package_lists_are_fetched_only_when_needed(machine: Machine) -> None:
    machine.install("curl")
    assert not [line for line in machine.log() if line.startswith("apt-get update")]


def test_with_old_package_lists_it_fetches_new_ones(machine: Machine) -> None:
    assert machine.install("curl", fail="first") == 0
    calls = [line.split()[1] for line in machine.log() if line.startswith("apt-get")]
    assert calls == ["install", "update", "install"]
