"""Keys in encrypted files whose passphrase exists only in shares: SLIP-39 words on paper."""

import os
import secrets
from pathlib import Path

from ca.ceremony.outputs import Role, file_name
from ca.ceremony.plan import Destroyed, NewKey, Plan
from ca.ceremony.reading import invalid
from ca.ceremony.transcript import Kind
from pki.domain.errors import Conflict, IntegrityBroken, NotFound
from pki.keys.algorithms import generate_private_key
from pki.keys.checked import CheckedSigner
from pki.keys.key_file import write_private_key
from pki.keys.soft import SoftSigner
from pki.ports import Entropy, Signer
from server.ceremony.keys.holders import hand_out, open_key, share_card
from server.ceremony.keys.port import HeldKey
from server.ceremony.keys.shares import SECRET_OCTETS, split
from server.ceremony.terminal import Dialogue
from server.ceremony.workspace import Draft, Workspace, file_sha256


class FileKeys:
    """`CeremonyKeys` over files of a ceremony's folder and of folders that the plan names."""

    def __init__(
        self,
        plan: Plan,
        base: Path,
        *,
        workspace: Workspace,
        dialogue: Dialogue,
        entropy: Entropy,
    ) -> None:
        """``base`` is the folder of the plan, which its paths start from."""
        self._plan = plan
        self._base = base
        self._workspace = workspace
        self._dialogue = dialogue
        self._entropy = entropy

    def settle(self) -> None:
        """Finish a destruction whose file is gone already; half-made files are gone by now."""
        state = self._workspace.state
        intended = state.last(Kind.INTENDED)
        if intended is None or state.last(Kind.DESTROYED) is not None:
            return
        path = self._base / intended["folder"] / intended["file"]
        if not path.exists():
            self._workspace.append(Kind.DESTROYED, dict(intended))

    def close(self) -> None:
        """Nothing is open: keys live in the session's memory."""

    def require_new(self, name: str) -> None:
        path = self._workspace.path(file_name(self._plan, name, Role.KEY))
        if path.exists():
            raise Conflict(
                message=f"{path.name} exists; a key is never replaced",
                next_step="give the plan a folder and a key name of its own",
            )

    def make(self, key: NewKey) -> Signer:
        """Make key and passphrase, hand the shares out, and only then keep the encrypted key."""
        passphrase = self._entropy.octets(SECRET_OCTETS)
        self._dialogue.say(f"    making a key of type {key.type.value}")
        private = generate_private_key(key.type)
        shares = split(passphrase, threshold=key.threshold or 0, holders=key.holders)
        hand_out(self._dialogue, shares)
        name = file_name(self._plan, key.name, Role.KEY)
        draft = self._workspace.draft_path(name)
        draft.unlink(missing_ok=True)
        write_private_key(draft, private, passphrase.hex().encode())
        signer = CheckedSigner(SoftSigner(private))
        card = self._workspace.write_draft(
            Role.SHARES,
            file_name(self._plan, key.name, Role.SHARES),
            share_card(shares.about, signer.public_key),
        )
        self._workspace.commit(
            [Draft(role=Role.KEY, name=name), card], public_key=signer.public_key.hex()
        )
        return signer

    def unlock(self, name: str, folder: str | None = None) -> Signer:
        """Collect as many shares as the key needs.

        Raises:
            NotFound, KeyMismatch, ConfigurationInvalid: as `open_key`.
        """
        place = self._workspace.folder if folder is None else self._base / folder
        own = "" if folder is not None else self._plan.stamp
        path = place / f"{own}{name}{Role.KEY.value}"
        signer, _, holders = open_key(self._dialogue, path)
        self._workspace.append(Kind.UNLOCKED, {"file": path.name, "holders": holders})
        return signer

    def held(self, label: str) -> HeldKey:
        """Refused: `ca.ceremony.reading` lets no such plan through."""
        raise invalid("keys", f"is file: no token holds {label}")

    def inventory(self) -> dict[str, str]:
        found = dict(self._workspace.inventory())
        if self._plan.destroy is not None:
            folder = self._base / self._plan.destroy.folder
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                if path.is_file() and not path.name.startswith("."):
                    found[f"{self._plan.destroy.folder}/{path.name}"] = file_sha256(path)
        return found

    def destroy(self, key: Destroyed) -> None:
        """Overwrite and remove the key file, once it is the one that was reviewed.

        Raises:
            NotFound: there is no such file.
            IntegrityBroken: its digest is not the plan's.
        """
        path = self._base / key.folder / f"{key.name}{Role.KEY.value}"
        about = {"file": path.name, "folder": key.folder, "sha256": key.sha256 or ""}
        resumed = self._workspace.state.last(Kind.INTENDED) is not None
        if not path.is_file():
            raise NotFound(
                what="key", message=f"there is no key file {path}", next_step="look for it"
            )
        if file_sha256(path) != key.sha256 and not resumed:
            raise IntegrityBroken(
                message=f"{path.name} is not the key file that the plan names",
                next_step="compare its SHA-256 with the transcript of the ceremony that made it",
            )
        self._workspace.append(Kind.INTENDED, about)
        with path.open("r+b") as file:
            file.write(secrets.token_bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        self._workspace.append(Kind.DESTROYED, about)
