"""Signatures by OpenSSH: whose they are, of what, when; and what to do where there is none."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from keepfit.errors import SystemFailure, UserError
from keepfit.lifecycle.releasing.ssh import holds, key_in, signer_of

AT = "2025-01-01T00:00:00.000+00:00"


def valid(keyring, signature, *, name="bob", message=b"a record", at=AT):
    return holds(keyring.signers, name, signature, message, at)


def test_a_signature_holds_for_one_message_and_one_name(keyring):
    keyring.allow("bob", "cy")
    signature = keyring.signer("bob").sign(b"a record", AT)
    assert valid(keyring, signature)
    assert not valid(keyring, signature, message=b"another record")
    assert not valid(keyring, signature, name="cy")
    assert not valid(keyring, signature, name="bo\0b")
    keyring.allow("cy")
    assert not valid(keyring, signature)


def test_what_is_no_signature_is_none(keyring):
    keyring.allow("bob")
    good = keyring.signer("bob").sign(b"a record", AT)
    for bad in ("", "AAAA", "é", good[:-8], good[4:], "A" * 100_000, f"{good}\n{good}", "-" * 9):
        assert not valid(keyring, bad), bad[:20]
    assert key_in(good) is not None
    assert not valid(keyring, good, at="soon")


def test_a_signature_for_another_purpose_of_ssh_is_none_of_ours(keyring):
    keyring.signers.write_text(keyring.line("bob", options=""))
    sign = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(keyring.key("bob")), "-n", "git"]
    said = subprocess.run(sign, input=b"a record", capture_output=True, check=True).stdout
    assert not valid(keyring, "".join(said.decode().split("\n")[1:-2]))


def test_the_file_may_say_from_when_to_when_a_key_counts(keyring):
    options = 'namespaces="keepfit",valid-after="20240101",valid-before="20250601"'
    keyring.signers.write_text(keyring.line("bob", options=options))
    signature = keyring.signer("bob").sign(b"a record", AT)
    assert valid(keyring, signature)
    assert not valid(keyring, signature, at="2025-06-02T00:00:00+00:00")
    assert not valid(keyring, signature, at="2023-06-02T00:00:00+00:00")
    with pytest.raises(UserError, match="does not let bob sign"):
        keyring.signer("bob").sign(b"a record", "2026-01-01T00:00:00+00:00")


def test_who_signs_is_who_the_file_names_with_the_key(keyring):
    keyring.signers.write_text(
        keyring.line("bob", "bob@acme.com") + keyring.line("cy", "*@acme.com")
    )
    bob = signer_of(keyring.signers, keyring.key("bob"), "root")
    assert bob.name == "bob@acme.com"
    public = keyring.key("bob").with_name("bob.pub")
    assert signer_of(keyring.signers, public, "root").name == "bob@acme.com"
    assert signer_of(keyring.signers, keyring.key("cy"), "cy@acme.com").name == "cy@acme.com"
    with pytest.raises(UserError, match="names nobody with the key") as caught:
        signer_of(keyring.signers, keyring.key("dan"), "dan")
    assert "ssh-ed25519 AAAA" in caught.value.hint
    with pytest.raises(UserError, match="names nobody with the key"):
        signer_of(keyring.signers, keyring.key("cy"), "root")


def test_a_key_that_is_not_there_is_named_with_the_next_step(keyring):
    keyring.allow("bob")
    with pytest.raises(UserError, match="no public key there") as caught:
        signer_of(keyring.signers, keyring.folder / "nokey", "bob")
    assert "ssh-keygen -y -f" in caught.value.hint
    signer = keyring.signer("bob")
    keyring.key("bob").unlink()
    with pytest.raises(UserError, match="did not sign") as caught:
        signer.sign(b"a record", AT)
    assert "--key" in caught.value.hint


def test_a_file_of_signers_that_is_not_there_is_named(keyring):
    with pytest.raises(UserError, match=r"allowed_signers"):
        signer_of(keyring.signers, keyring.key("bob"), "bob")
    with pytest.raises(UserError, match=r"which \[project\] signers names"):
        valid(keyring, "AAAA")


def test_without_openssh_the_error_names_the_package(keyring, monkeypatch, tmp_path):
    keyring.allow("bob")
    signature = keyring.signer("bob").sign(b"a record", AT)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemFailure, match="ssh-keygen, which is not installed") as caught:
        valid(keyring, signature)
    assert "apt install openssh-client" in caught.value.hint


@pytest.mark.skipif(not shutil.which("ssh-agent"), reason="ssh-agent is not installed")
def test_an_agent_signs_where_only_the_public_key_lies_about(keyring, monkeypatch):
    keyring.allow("bob")
    key = keyring.key("bob")
    said = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    facts = dict(part.split("=", 1) for part in said.replace("\n", "").split(";") if "=" in part)
    for name, value in facts.items():
        monkeypatch.setenv(name.strip(), value)
    try:
        subprocess.run(["ssh-add", "-q", str(key)], check=True, stderr=subprocess.DEVNULL)
        public = Path(f"{key}.pub")
        key.unlink()
        signature = signer_of(keyring.signers, public, "bob").sign(b"a record", AT)
    finally:
        os.kill(int(facts["SSH_AGENT_PID"]), 15)
    assert valid(keyring, signature)
