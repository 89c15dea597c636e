"""For all tests: a busy machine is no failure, and CI tries the same cases each time."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "keepfit",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("keepfit")


@dataclass
class Keyring:
    """People with SSH keys, and a file of those who may sign."""

    folder: Path
    signers: Path

    def key(self, name):
        """The private key of a person, made when it is first asked for."""
        path = self.folder / name
        if not path.exists():
            self.folder.mkdir(exist_ok=True)
            make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
            subprocess.run(make, check=True, stdin=subprocess.DEVNULL)
        return path

    def line(self, key, name=None, options='namespaces="keepfit"'):
        """The line of the file that lets `name` sign with that key."""
        public = self.key(key).with_name(f"{key}.pub").read_text().split()
        return " ".join(filter(None, [name or key, options, *public[:2]])) + "\n"

    def allow(self, *names):
        """Only these may sign from here on."""
        self.signers.write_text("# who may sign\n" + "".join(map(self.line, names)))

    def raw(self, key, message):
        """What anybody with the key can sign, whatever the file says."""
        sign = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(self.key(key)), "-n", "keepfit"]
        done = subprocess.run(sign, input=message, capture_output=True, check=True)
        return "".join(done.stdout.decode().splitlines()[1:-1])

    def signer(self, key, name=None):
        from keepfit.lifecycle.releasing.ssh import SshSigner

        return SshSigner(name or key, self.key(key), self.signers)


@pytest.fixture(scope="session")
def need_ssh():
    if not shutil.which("ssh-keygen"):
        pytest.skip("ssh-keygen is not installed")


@pytest.fixture(scope="session")
def keyring_at(need_ssh):
    """A keyring in a folder."""
    return lambda folder: Keyring(folder / "keys", folder / "allowed_signers")


@pytest.fixture
def keyring(tmp_path, keyring_at):
    return keyring_at(tmp_path)
