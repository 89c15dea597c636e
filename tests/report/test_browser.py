"""The page in a real browser: nothing is fetched, nothing is complained of, nothing sticks out."""

import re
import subprocess

import pytest

REFERENCES = ["tumour@1.1.0", "iris@latest", "progression@1.1.0"]
COMPLAINT = re.compile(r"CONSOLE|Refused to|Uncaught")
# What a browser fetches whatever it shows: its dictionaries, lists and updates.
BROWSERS_OWN = re.compile(r"https?://[^/]*\b(google|googleapis|gvt1|gstatic)\.com/")


@pytest.mark.slow
@pytest.mark.parametrize("reference", REFERENCES)
def test_a_browser_fetches_nothing_and_complains_of_nothing(reference, wards, chromium, tmp_path):
    file, net = tmp_path / "page.html", tmp_path / "net.json"
    file.write_text(wards.page(reference))
    flags = ("--dump-dom", "--enable-logging=stderr", f"--log-net-log={net}")
    said = browse(chromium, tmp_path, file, *flags)
    assert not COMPLAINT.search(said), said
    asked = set(re.findall(r'"url":"([^"]+)"', net.read_text()))
    assert {url for url in asked if not BROWSERS_OWN.match(url)} <= {file.as_uri()}


@pytest.mark.slow
def test_a_page_prints_on_a4(wards, chromium, tmp_path):
    file, paper = tmp_path / "page.html", tmp_path / "page.pdf"
    file.write_text(wards.page("tumour@1.1.0"))
    browse(chromium, tmp_path, file, f"--print-to-pdf={paper}")
    assert paper.read_bytes().startswith(b"%PDF")


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1200])
def test_no_page_is_wider_than_its_window(width, wards, chromium, tmp_path):
    file, outer = tmp_path / "page.html", tmp_path / "outer.html"
    script = "document.title = String(document.documentElement.scrollWidth)"
    text = wards.page("tumour@1.1.0")
    policy = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
    assert policy.search(text)
    # The page allows no script, so the one that measures stands in a copy without that rule.
    file.write_text(policy.sub("", text).replace("</body>", f"<script>{script}</script></body>"))
    # A window is never narrower than some 500 pixels; a frame is.
    measure = "onload = () => { document.title = frames[0].document.title }"
    outer.write_text(
        f'<iframe src="page.html" style="width:{width}px;height:900px;border:0"></iframe>'
        f"<script>{measure}</script>"
    )
    allow = "--allow-file-access-from-files"
    dumped = browse(chromium, tmp_path, outer, allow, "--dump-dom", "--virtual-time-budget=2000")
    assert int(re.search(r"<title>(\d+)</title>", dumped)[1]) <= width


def browse(chromium, scratch, file, *flags):
    """What the browser says while it loads the file."""
    done = subprocess.run(
        [*chromium, f"--user-data-dir={scratch / 'browser'}", *flags, file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout + done.stderr
