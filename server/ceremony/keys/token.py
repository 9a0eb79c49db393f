"""Keys in a PKCS#11 token: made there, never leaving it."""

import hashlib
from pathlib import Path
from typing import Final

from ca.ceremony.plan import Destroyed, NewKey, Plan, PlanKind
from ca.ceremony.reading import invalid
from ca.ceremony.steps import Action
from ca.ceremony.transcript import Kind
from pki.domain.errors import Conflict, NotFound
from pki.keys.checked import CheckedSigner
from pki.keys.pin import Pin, pin_from_prompt
from pki.keys.pkcs11.ceremony import destroy, generate, inventory, unsafe
from pki.keys.pkcs11.loaded import loaded_module
from pki.keys.pkcs11.ports import KeyName, TokenObject
from pki.keys.pkcs11.signer import Pkcs11Signer
from pki.ports import Signer
from server.ceremony.keys.port import HeldKey, object_name
from server.ceremony.terminal import Dialogue
from server.ceremony.workspace import Workspace

_ANSWER_SECONDS: Final = 60.0
_ID_OCTETS: Final = 8


class TokenKeys:
    """`CeremonyKeys` over one token; its CKA_ID follows from the label."""

    def __init__(self, plan: Plan, *, workspace: Workspace, dialogue: Dialogue) -> None:
        """Log-in is at the first use, with the operators present.

        Raises:
            ConfigurationInvalid: there is no such module.
        """
        if plan.token is None:
            raise invalid("token", "is missing")
        self._plan = plan
        self._token = plan.token.label
        self._workspace = workspace
        self._dialogue = dialogue
        self._module = loaded_module(Path(plan.token.module), answer_seconds=_ANSWER_SECONDS)
        self._is_open = False

    def settle(self) -> None:
        """Remove a key that was asked for when the run was cut off, after both operators agree."""
        half = self._workspace.state.key_open
        if half is None:
            return
        key = self._name(half["label"])
        if any(each.label == key.label for each in self._objects()):
            self._dialogue.say(f"    the run was cut off while {key.label} was being made")
            for person in self._plan.people.operators:
                self._dialogue.confirm(person, f"remove the unfinished key {key.label}.")
            destroy(self._module, key)
        self._workspace.append(Kind.ABANDONED, {"label": half["label"]})

    def require_new(self, name: str) -> None:
        label = self._label(name)
        if any(each.label == label for each in self._objects()):
            raise Conflict(
                message=f"token {self._token} holds a key {label}; a key is never replaced",
                next_step="give the plan's key a name of its own",
            )

    def make(self, key: NewKey) -> Signer:
        """Make a key pair in the token; the transcript says so before and after."""
        label = self._label(key.name)
        name = self._name(label)
        self._open()
        self._workspace.append(Kind.INTENDED, {"label": label})
        public_key = generate(self._module, name, key.type)
        about = {"label": label, "id": name.key_id.hex()}
        self._workspace.commit([], public_key=public_key.hex(), **about)
        self._dialogue.say(f"    label {label}, id {about['id']}; SHA-256 of the public key")
        self._dialogue.say(f"    {hashlib.sha256(public_key).hexdigest()}")
        return self._signer(label)

    def unlock(self, name: str, folder: str | None = None) -> Signer:
        """Find a key of this token; logged in to now if that was not needed before."""
        label = self._label(name) if folder is None else name
        signer = self._signer(label)
        self._workspace.append(Kind.UNLOCKED, {"label": label})
        return signer

    def held(self, label: str) -> HeldKey:
        """A key of whatever id.

        Raises:
            NotFound: the token has no private key of this label, or several.
        """
        mine = [each for each in self._objects() if each.label == label]
        private = [each for each in mine if each.kind == "private_key"]
        if len(private) != 1:
            raise NotFound(
                what="key",
                message=f"token {self._token} has {len(private)} private keys {label}, not one",
                next_step="look at the inventory; a key that is not there was not restored",
            )
        (key,) = private
        name = KeyName(token=self._token, key_id=key.key_id, label=label)
        signer = CheckedSigner(Pkcs11Signer.open(self._module, name))
        return HeldKey(signer=signer, key_id=key.key_id, unsafe=unsafe(key))

    def inventory(self) -> dict[str, str]:
        found = dict(self._workspace.inventory())
        for each in self._objects():
            name = object_name(self._token, each.kind, each.label, each.key_id)
            found[name] = each.key_type
        return found

    def destroy(self, key: Destroyed) -> None:
        about = {"label": key.name}
        self._open()
        self._workspace.append(Kind.INTENDED, {**about, "destroy": True})
        try:
            destroy(self._module, self._name(key.name))
        except NotFound:
            if len(self._workspace.state.of(Kind.INTENDED)) == 1:
                raise
        self._workspace.append(Kind.DESTROYED, about)

    def close(self) -> None:
        """Nothing: the module's log-in ends with the program."""

    def _objects(self) -> tuple[TokenObject, ...]:
        return inventory(self._module, self._token) if self._open() else ()

    def _open(self) -> bool:
        """Log in, unless people say that the token that is restored is not there yet.

        Raises:
            ConfigurationInvalid: not a PKCS#11 module, or the PIN was refused; it is not tried
                again.
            SignerUnavailable: no such token.
        """
        is_restored = Action.RESTORE.value in self._workspace.state.done
        if not self._is_open and self._plan.kind is PlanKind.RESTORE and not is_restored:
            asked = f"Token {self._token} is there already, initialised."
            if not self._dialogue.yes_or_no(asked):
                return False
        if not self._is_open:
            self._module.log_in(self._token, self._pin)
            self._is_open = True
        return True

    def _pin(self) -> Pin:
        return pin_from_prompt(self._dialogue.ask_hidden, f"PIN of token {self._token}:")

    def _label(self, name: str) -> str:
        return f"{self._plan.stamp}{name}"

    def _name(self, label: str) -> KeyName:
        key_id = hashlib.sha256(label.encode()).digest()[:_ID_OCTETS]
        return KeyName(token=self._token, key_id=key_id, label=label)

    def _signer(self, label: str) -> Signer:
        self._open()
        return CheckedSigner(Pkcs11Signer.open(self._module, self._name(label)))
