"""Keys in a PKCS#11 token: made there, never leaving it."""

import hashlib
from pathlib import Path
from typing import Final

from ca.ceremony.plan import Destroyed, NewKey, Plan
from ca.ceremony.reading import invalid
from ca.ceremony.transcript import Kind
from pki.domain.errors import Conflict, NotFound
from pki.keys.checked import CheckedSigner
from pki.keys.pin import Pin, pin_from_prompt
from pki.keys.pkcs11.ceremony import destroy, generate, inventory
from pki.keys.pkcs11.loaded import loaded_module
from pki.keys.pkcs11.ports import KeyName
from pki.keys.pkcs11.signer import Pkcs11Signer
from pki.ports import Signer
from server.ceremony.terminal import Dialogue
from server.ceremony.workspace import Workspace

_ANSWER_SECONDS: Final = 60.0
_ID_OCTETS: Final = 8


class TokenKeys:
    """`CeremonyKeys` over one token; its CKA_ID follows from the label."""

    def __init__(self, plan: Plan, *, workspace: Workspace, dialogue: Dialogue) -> None:
        """Load the module and log in.

        Raises:
            ConfigurationInvalid: not a PKCS#11 module.
            SignerUnavailable: no such token, or it refuses the PIN, which is not tried again.
        """
        if plan.token is None:
            raise invalid("token", "is missing")
        self._plan = plan
        self._token = plan.token.label
        self._workspace = workspace
        self._dialogue = dialogue
        self._module = loaded_module(Path(plan.token.module), answer_seconds=_ANSWER_SECONDS)
        self._module.log_in(self._token, self._pin)

    def settle(self) -> None:
        """Remove a key that was asked for when the run was cut off, after both operators agree."""
        half = self._workspace.state.key_open
        if half is None:
            return
        key = self._name(half["label"])
        if any(each.label == key.label for each in inventory(self._module, self._token)):
            self._dialogue.say(f"    the run was cut off while {key.label} was being made")
            for person in self._plan.people.operators:
                self._dialogue.confirm(person, f"remove the unfinished key {key.label}.")
            destroy(self._module, key)
        self._workspace.append(Kind.ABANDONED, {"label": half["label"]})

    def require_new(self, name: str) -> None:
        label = self._label(name)
        if any(each.label == label for each in inventory(self._module, self._token)):
            raise Conflict(
                message=f"token {self._token} holds a key {label}; a key is never replaced",
                next_step="give the plan's key a name of its own",
            )

    def make(self, key: NewKey) -> Signer:
        """Make a key pair in the token; the transcript says so before and after."""
        label = self._label(key.name)
        self._workspace.append(Kind.INTENDED, {"label": label})
        public_key = generate(self._module, self._name(label), key.type)
        about = {"label": label, "id": self._name(label).key_id.hex()}
        self._workspace.commit([], public_key=public_key.hex(), **about)
        return self._signer(label)

    def unlock(self, name: str, folder: str | None = None) -> Signer:
        """Find a key of this token; it was logged in to at the start."""
        label = self._label(name) if folder is None else name
        signer = self._signer(label)
        self._workspace.append(Kind.UNLOCKED, {"label": label})
        return signer

    def inventory(self) -> dict[str, str]:
        found = dict(self._workspace.inventory())
        for each in inventory(self._module, self._token):
            name = f"{each.kind} {each.label} {each.key_id.hex()}"
            found[f"{self._token} {name}"] = each.key_type
        return found

    def destroy(self, key: Destroyed) -> None:
        about = {"label": key.name}
        self._workspace.append(Kind.INTENDED, {**about, "destroy": True})
        try:
            destroy(self._module, self._name(key.name))
        except NotFound:
            if len(self._workspace.state.of(Kind.INTENDED)) == 1:
                raise
        self._workspace.append(Kind.DESTROYED, about)

    def close(self) -> None:
        """Nothing: the module's log-in ends with the program."""

    def _pin(self) -> Pin:
        return pin_from_prompt(self._dialogue.ask_hidden, f"PIN of token {self._token}:")

    def _label(self, name: str) -> str:
        return f"{self._plan.stamp}{name}"

    def _name(self, label: str) -> KeyName:
        key_id = hashlib.sha256(label.encode()).digest()[:_ID_OCTETS]
        return KeyName(token=self._token, key_id=key_id, label=label)

    def _signer(self, label: str) -> Signer:
        return CheckedSigner(Pkcs11Signer.open(self._module, self._name(label)))
