"""SIGTERM ends a block, and ends the process where the block does not listen."""

import os
import signal
import subprocess
import sys
import time

import pytest

from keepfit.sagemaker.stop import Stopped, told_to_end

DEAF = """\
import hashlib, sys, threading, time
from pathlib import Path
from keepfit.sagemaker.stop import told_to_end

place = Path(sys.argv[1])
main = threading.main_thread().ident
LINE = 20

def tell():
    while sys._current_frames()[main].f_lineno != LINE:
        time.sleep(0.01)
    time.sleep(0.2)
    print("ready", flush=True)

with told_to_end(lambda: place.write_text("last words"), grace=0.5):
    threading.Thread(target=tell).start()
    # The next line is no. 20: minutes, in another language, deaf to what Python is told.
    #
    #
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")


def test_it_is_raised_in_the_block():
    before = signal.getsignal(signal.SIGTERM)

    def work():
        with told_to_end(lambda: None):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)

    with pytest.raises(Stopped, match="SIGTERM"):
        work()
    assert signal.getsignal(signal.SIGTERM) is before


def test_nothing_is_left_of_it_afterwards():
    with told_to_end(lambda: pytest.fail("nobody asked")):
        pass
    assert signal.set_wakeup_fd(-1) == -1


def test_a_computation_that_does_not_listen_is_ended_after_a_while(tmp_path):
    deaf = subprocess.Popen(
        [sys.executable, "-c", DEAF, tmp_path / "words"], stdout=subprocess.PIPE, text=True
    )
    assert deaf.stdout.readline() == "ready\n"
    deaf.send_signal(signal.SIGTERM)
    deaf.communicate(timeout=60)
    assert deaf.returncode == 143
    assert (tmp_path / "words").read_text() == "last words"
